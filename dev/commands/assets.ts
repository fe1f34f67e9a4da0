import { prepareAssets } from '../system/assets.ts'

await prepareAssets()
