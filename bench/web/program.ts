import type { Program } from '../measurement.ts'
import { idle } from './idle.ts'
import { interaction } from './interaction.ts'
import { memory } from './memory.ts'
import { visible } from './visible.ts'

export const web: Program = { interaction, memory, visible, idle }
