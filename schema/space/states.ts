export const positionSources = ['wheretheiss', 'open-notify', 'sgp4'] as const

export const visibilities = ['daylight', 'eclipsed'] as const

export const elementSources = ['celestrak', 'wheretheiss', 'satnogs', 'computed'] as const

export const mediaTypes = ['image', 'video', 'other'] as const

export const weatherTypes = ['cme', 'flr', 'gst', 'notifications'] as const

/** `partial`: the sound elements of a list are accepted, the others quarantined. */
export const answerVerdicts = ['accepted', 'partial', 'not_modified', 'quarantined'] as const

/** Copies of windows of an upstream. A weather copy has the name of its type. */
export const windowedCopies = ['approaches', ...weatherTypes] as const
