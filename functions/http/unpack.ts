import { gunzipSync } from 'node:zlib'
import { AppError } from '../core/errors.ts'

/** workerd counts its whole buffer against the bound, and doubles that buffer as it fills. */
const slack = 64 * 1024

/**
 * The bytes in a gzip body, or null when they are more than the limit. Decompression stops near twice the limit, so a
 * small body cannot fill the memory of the Worker.
 */
export function gunzip(packed: Uint8Array, limitBytes: number): Uint8Array | null {
  try {
    const bytes = gunzipSync(packed, { maxOutputLength: 2 * limitBytes + slack })
    return bytes.byteLength > limitBytes ? null : bytes
  } catch (error) {
    // workerd names it RangeError, and Node gives it a code.
    if (error instanceof RangeError) return null
    throw new AppError('body_incomplete', 'The body is not gzip, or a part of it is missing', {
      cause: error,
    })
  }
}
