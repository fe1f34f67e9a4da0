import type { Pace } from './method.ts'
import type { Rig } from './rig.ts'

/** Measures one headline number. It creates its own databases and ends in `compare`. */
export type Measurement = (rig: Rig, pace: Pace) => Promise<void>

/** The measurements of a row, by their names on the command line. */
export type Program = Record<string, Measurement>
