import { createApp } from '../../../functions/app.ts'
import { durableObjectsOf } from '../../../functions/durable-objects.ts'
import { sampleEndpoints } from './endpoints.ts'

/** A Worker with the sample row alone, behind the same door as the product. */
const { app } = createApp({ modules: [{ name: 'sample', endpoints: () => sampleEndpoints }], jobs: [] })

export const { Streams, Spill, Regulator, Metrics } = durableObjectsOf([])

export default { fetch: app.fetch }
