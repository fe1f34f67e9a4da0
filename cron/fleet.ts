import type { Job } from '../functions/core/job.ts'

export const fleetJobs: Job[] = []
