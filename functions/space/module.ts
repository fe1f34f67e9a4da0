import type { Module } from '../http/module.ts'
import { issEndpoints } from './iss/routes.ts'
import { nasaEndpoints } from './nasa/routes.ts'
import { osdrEndpoints } from './osdr/routes.ts'
import { viewEndpoints } from './views/routes.ts'
import { spaceWatch } from './watch.ts'

export const spaceModule: Module = {
  name: 'space',
  endpoints: () => [...issEndpoints, ...osdrEndpoints, ...viewEndpoints, ...nasaEndpoints],
  watch: () => spaceWatch,
}
