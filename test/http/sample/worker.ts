import { createApp } from '../../../functions/app.ts'
import { regulatorOf } from '../../../functions/regulator.ts'
import { spillOf } from '../../../functions/spill.ts'
import { streamsOf } from '../../../functions/streams.ts'
import { sampleEndpoints } from './endpoints.ts'

/** A Worker with the sample row alone, behind the same door as the product. */
const { app } = createApp({ modules: [{ name: 'sample', endpoints: () => sampleEndpoints }], jobs: [] })

export const Streams = streamsOf([])
export const Spill = spillOf([])
export const Regulator = regulatorOf([])

export default { fetch: app.fetch }
