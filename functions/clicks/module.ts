import type { Module } from '../http/module.ts'

export const clicksModule: Module = {
  name: 'clicks',
  endpoints: () => [],
}
