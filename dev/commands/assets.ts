import { prepareAssets } from '../system/assets.ts'

prepareAssets()
