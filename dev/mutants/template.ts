import { connect } from '../migrations/connection.ts'
import { migrate } from '../migrations/migrate.ts'
import { urlOfDatabase } from '../postgres/urls.ts'

const pristine = 'lockstep_pristine'

/** The database that each test file clones, as it was and as the migrations of a mutant make it. */
export async function keepTemplate(
  templateUrl: string,
): Promise<{ migrated(): Promise<void>; restored(): Promise<void> }> {
  const name = new URL(templateUrl).pathname.slice(1)
  const replace = async (from: string, to: string) => {
    const client = await connect(urlOfDatabase(templateUrl, 'postgres'))
    try {
      await client.query(`drop database if exists ${to} with (force)`)
      await client.query(`create database ${to} template ${from}`)
    } finally {
      await client.end()
    }
  }
  await replace(name, pristine)
  return {
    async migrated() {
      await migrate(templateUrl)
    },
    restored: () => replace(pristine, name),
  }
}
