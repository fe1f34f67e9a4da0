import type { Finding } from './tree.ts'

const local = ['DEV_SIGN_IN', 'NEON_PROXY']

/** Settings of `npm start` that would open a deployed Worker. Only the local system may bind them. */
export function developmentSettings(wranglerToml: string): Finding[] {
  const text = wranglerToml.replaceAll(/^\s*#.*$/gm, '')
  return local
    .filter((name) => new RegExp(`\\b${name}\\b`).test(text))
    .map((name) => ({ where: 'wrangler.toml', what: `sets ${name}, which is for npm start only` }))
}
