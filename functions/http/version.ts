import { AppError } from '../core/errors.ts'

/** The version in `If-Match: "3"`. A weak tag is accepted, because proxies that compress weaken ours. */
export function versionFrom(header: string | undefined): number {
  if (header === undefined)
    throw new AppError('version_required', 'Send If-Match with the ETag of the version you read')
  const version = /^(?:W\/)?"(\d{1,9})"$/.exec(header.trim())?.[1]
  if (version !== undefined) return Number(version)
  throw new AppError('validation_failed', 'If-Match must be the ETag of one version, such as "3"', {
    errors: [{ path: 'If-Match', message: 'Must be a quoted version' }],
  })
}

export const etagOf = (version: number) => `"${version}"`

/** RFC 9110 §13.1.2: `*` or any of the listed tags, compared weakly. */
export function isCurrent(ifNoneMatch: string | undefined, etag: string): boolean {
  const bare = (tag: string) => tag.trim().replace(/^W\//, '')
  const tags = (ifNoneMatch ?? '').split(',').map(bare)
  return tags.includes('*') || tags.includes(bare(etag))
}
