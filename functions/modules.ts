import { clicksModule } from './clicks/module.ts'
import { dispatchModule } from './dispatch/module.ts'
import { fleetModule } from './fleet/module.ts'
import type { Module } from './http/module.ts'
import { ledgerModule } from './ledger/module.ts'
import { opsModule } from './ops/module.ts'
import { spaceModule } from './space/module.ts'
import { webhooksModule } from './webhooks/module.ts'

/** The rows of the Worker. */
export const modules: readonly Module[] = [
  opsModule,
  webhooksModule,
  dispatchModule,
  ledgerModule,
  spaceModule,
  fleetModule,
  clicksModule,
]
