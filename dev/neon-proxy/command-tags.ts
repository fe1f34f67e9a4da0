const commandComplete = 'C'.charCodeAt(0)

/**
 * Reads the server's side of the Postgres protocol chunk by chunk and returns the commands that each chunk completes
 * ("COMMIT", "INSERT 0 1"). Every message is one type byte, a length that counts itself, and a body.
 */
export function commandTags(): (chunk: Buffer) => string[] {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    let data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const tags: string[] = []
    while (data.length >= 5) {
      const end = 1 + data.readUInt32BE(1)
      if (data.length < end) break
      if (data[0] === commandComplete) tags.push(data.toString('latin1', 5, end - 1))
      data = data.subarray(end)
    }
    rest = data
    return tags
  }
}
