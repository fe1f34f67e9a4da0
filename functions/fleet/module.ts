import type { Module } from '../http/module.ts'

export const fleetModule: Module = {
  name: 'fleet',
  endpoints: () => [],
}
