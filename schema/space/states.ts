export const positionSources = ['wheretheiss', 'open-notify', 'sgp4'] as const

export const visibilities = ['daylight', 'eclipsed'] as const

export const elementSources = ['celestrak', 'wheretheiss', 'satnogs', 'computed'] as const

export const mediaTypes = ['image', 'video', 'other'] as const

export const weatherTypes = ['cme', 'flr', 'gst', 'notifications'] as const

export const answerVerdicts = ['accepted', 'not_modified', 'quarantined'] as const
