import type { Module } from '../http/module.ts'
import { webhooksEndpoints } from './routes.ts'

export const webhooksModule: Module = {
  name: 'webhooks',
  endpoints: () => webhooksEndpoints,
}
