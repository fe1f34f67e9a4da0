import { describe, expect, it } from 'vitest'
import { doorBreaches } from '../../dev/check/doors.ts'
import { planted } from './planted.ts'

const table = { jose: 'functions/http/auth.ts' }
const door = { 'functions/http/auth.ts': "import { jwtVerify } from 'jose'" }

describe('one package, one door', () => {
  it.each([
    "import { jwtVerify } from 'jose'",
    "import type { JWTPayload } from 'jose'",
    "export { jwtVerify } from 'jose/jwt/verify'",
    "const late = await import('jose')",
  ])('finds a second file that says %s', (line) => {
    const found = doorBreaches(planted({ ...door, 'functions/http/mount.ts': `\n${line}` }), ['jose'], table)
    expect(found).toEqual([
      { where: 'functions/http/mount.ts:2', what: 'imports jose: only functions/http/auth.ts may' },
    ])
  })

  it('finds a package without a door, where it is imported and where it is installed', () => {
    const files = { ...door, 'cron/core.ts': "import { x } from '@scope/new/part'" }
    expect(doorBreaches(planted(files), ['jose', '@scope/new'], table).map(({ where }) => where)).toEqual([
      'cron/core.ts:1',
      'package.json',
    ])
  })

  it('finds a door through which its package no longer comes', () => {
    const found = doorBreaches(planted({ 'functions/http/auth.ts': '' }), ['jose'], table)
    expect(found.map(({ what }) => what)).toEqual([
      'names functions/http/auth.ts for jose, which does not import it',
    ])
  })

  it('accepts hono, zod and drizzle everywhere, and any package outside the Worker', () => {
    const files = {
      ...door,
      'functions/app.ts': "import { cors } from 'hono/cors'",
      'functions/core/claim.ts': "import { sql } from 'drizzle-orm'",
      'functions/registry/env.ts': "import * as z from 'zod'",
      'dev/system/ticker.ts': "import { Cron } from 'croner'",
      'test/http/tokens.ts': "import { SignJWT } from 'jose'",
    }
    expect(doorBreaches(planted(files), ['jose', 'hono', 'zod', 'drizzle-orm'], table)).toEqual([])
  })
})
