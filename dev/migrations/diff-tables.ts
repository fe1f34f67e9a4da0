import { type DrizzleSnapshotJSON, generateDrizzleJson, generateMigration } from 'drizzle-kit/api'

// drizzle-kit adds methods to all arrays and texts, which each `for in` then lists: pdf.js does not load beside them.
for (const prototype of [Array.prototype, String.prototype]) {
  for (const name of Object.keys(prototype)) Object.defineProperty(prototype, name, { enumerable: false })
}

export type Snapshot = DrizzleSnapshotJSON

// Drizzle chains snapshots by random ids; ours are one file with its history in git.
const noId = '00000000-0000-0000-0000-000000000000'

export function snapshotOf(tables: Record<string, unknown>): Snapshot {
  return { ...generateDrizzleJson(tables), id: noId, prevId: noId }
}

/** The statements, in Drizzle's own spelling, that lead from one snapshot to the other. */
export async function diffTables(before: Snapshot, after: Snapshot): Promise<string[]> {
  const statements = await generateMigration(before, after).catch(refuseToGuess)
  return statements
    .flatMap((statement) => statement.split('--> statement-breakpoint'))
    .map((statement) => statement.trim().replace(/;$/, ''))
    .filter((statement) => statement !== '')
}

// Something went and something came in one place: renamed or replaced? Drizzle asks, if there is somebody to ask.
function refuseToGuess(cause: unknown): never {
  if (process.stdin.isTTY && process.stdout.isTTY) throw cause
  throw new Error(
    'A rename and a replacement look the same here. Run npm run db:generate in a terminal: it will ask.',
    {
      cause,
    },
  )
}
