import { describe, expect, it } from 'vitest'
import { decryptSecret, type Encryption, encryptSecret } from '../../functions/core/encrypt.ts'

const old = 'a key that encrypts the secrets of tests'
const fresh = 'another key that encrypts the secrets of tests'
const encryption = (more: Partial<Encryption> = {}): Encryption => ({
  keys: [old],
  setting: 'WEBHOOK_KEY',
  purpose: 'webhook secrets',
  owner: 'store:7',
  ...more,
})
const secret = 'whsec_dGhlIHNlY3JldCBvZiBhIHN0b3Jl'

describe('an encrypted secret', () => {
  it('contains no part of the secret, and differs each time', async () => {
    const [one, other] = [
      await encryptSecret(secret, encryption()),
      await encryptSecret(secret, encryption()),
    ]
    expect(one).not.toBe(other)
    expect(atob(one)).not.toContain(secret.slice(0, 10))
    expect(await decryptSecret(one, encryption())).toBe(secret)
  })

  it.each([
    ['another owner', { owner: 'store:8' }],
    ['another purpose', { purpose: 'postback secrets' }],
    ['another key', { keys: [fresh] }],
    ['no key', { keys: [] }],
  ])('cannot be decrypted for %s', async (_, other) => {
    const encrypted = await encryptSecret(secret, encryption())
    await expect(decryptSecret(encrypted, encryption(other))).rejects.toThrow(
      'No key in WEBHOOK_KEY decrypts this secret',
    )
  })

  it('can be decrypted while its key stands behind the new one', async () => {
    const encrypted = await encryptSecret(secret, encryption())
    expect(await decryptSecret(encrypted, encryption({ keys: [fresh, old] }))).toBe(secret)
    const anew = await encryptSecret(secret, encryption({ keys: [fresh, old] }))
    expect(await decryptSecret(anew, encryption({ keys: [fresh] }))).toBe(secret)
  })

  it('that a database already stores can still be decrypted', async () => {
    const stored = 'fPnMwMfLe/7z0fJSeAucReww0KV+RTrqWjZb0V/Rni5scChbkrxnpGjrupMnyGPGMhNBZa9rrScs2lqharY='
    expect(await decryptSecret(stored, encryption())).toBe(secret)
  })

  it('is refused by a Worker without a key, which names the setting', async () => {
    await expect(encryptSecret(secret, encryption({ keys: [] }))).rejects.toMatchObject({
      code: 'unprocessable',
      message: expect.stringContaining('WEBHOOK_KEY'),
    })
  })
})
