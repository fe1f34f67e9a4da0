import type { Rule } from '../../core/watch.ts'
import { listReplicas } from './list.ts'

export const replicaRules: readonly Rule[] = [
  {
    name: 'replica_lag',
    severity: 'warning',
    unit: 'seconds',
    raise: 5,
    clear: 1,
    critical: 60,
    pendingFor: 0,
    clearFor: 60,
    absent: 'clear',
    read: async (ctx) =>
      (await listReplicas(ctx))
        .filter(({ reachable }) => reachable)
        .map(({ number, lagSeconds }) => ({ labels: { replica: number }, value: lagSeconds })),
    advice: 'Reads that need a newer state go to the primary meanwhile. See GET /v1/ops/replicas.',
  },
  {
    name: 'replica_out',
    severity: 'warning',
    unit: 'out',
    raise: 0,
    clear: 0,
    pendingFor: 60,
    clearFor: 60,
    absent: 'clear',
    read: async (ctx) =>
      (await listReplicas(ctx)).map(({ number, reachable }) => ({
        labels: { replica: number },
        value: reachable ? 0 : 1,
      })),
    advice: 'The replica does not answer, so the primary takes its reads. See GET /v1/ops/replicas.',
  },
]
