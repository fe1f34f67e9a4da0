import { defineConfig } from 'drizzle-kit'

/** For `drizzle-kit studio`. Migrations are written by `npm run db:generate` and applied by `npm run db:migrate`. */
export default defineConfig({
  dialect: 'postgresql',
  schema: ['./schema/*/tables.ts', './schema/*/tables/*.ts'],
  out: './.lockstep/drizzle',
  dbCredentials: { url: process.env['DATABASE_URL_DIRECT'] ?? '' },
})
