import type { Program } from './measurement.ts'

/** The programs by their names on the command line; each is loaded only when it runs. */
export const programs: Record<string, () => Promise<Program>> = {
  core: async () => (await import('./core/program.ts')).core,
  dispatch: async () => (await import('./dispatch/program.ts')).dispatch,
  space: async () => (await import('./space/program.ts')).space,
  ledger: async () => (await import('./ledger/program.ts')).ledger,
  clicks: async () => (await import('./clicks/program.ts')).clicks,
  ops: async () => (await import('./ops/program.ts')).ops,
  fleet: async () => (await import('./fleet/program.ts')).fleet,
  web: async () => (await import('./web/program.ts')).web,
}
