import type { Module } from '../http/module.ts'
import { spaceEndpoints } from './routes.ts'

export const spaceModule: Module = {
  name: 'space',
  endpoints: () => spaceEndpoints,
}
