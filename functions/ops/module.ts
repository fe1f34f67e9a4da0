import type { Module } from '../http/module.ts'
import { opsEndpoints } from './routes.ts'

export const opsModule: Module = {
  name: 'ops',
  endpoints: ({ jobs }) => opsEndpoints(jobs),
}
