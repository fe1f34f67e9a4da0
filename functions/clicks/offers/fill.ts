/** Replaces the macros of a destination by their values, percent-encoded. All other bytes stay as they are. */
export function fillMacros<Name extends string>(
  url: string,
  values: Readonly<Record<Name, string | null | undefined>>,
): string {
  return url.replaceAll(/\{([a-z]+\d?)\}/g, (whole, name: string) =>
    isMacro(name, values) ? encode(values[name] ?? '') : whole,
  )
}

function isMacro<Name extends string>(name: string, values: Readonly<Record<Name, unknown>>): name is Name {
  return Object.hasOwn(values, name)
}

/** As RFC 3986 reserves them: encodeURIComponent leaves some reserved characters, which may end a value in a page. */
function encode(value: string): string {
  return encodeURIComponent(value).replaceAll(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
