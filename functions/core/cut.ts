/**
 * The first `length` UTF-16 units of a text. Half a character at the end becomes U+FFFD: a lone surrogate fits neither into
 * a URL nor into jsonb, and would take what is stored with it along.
 */
export function cut(text: string, length: number): string {
  return text.slice(0, length).toWellFormed()
}
