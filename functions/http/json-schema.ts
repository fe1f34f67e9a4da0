import * as z from 'zod'

export type Json = Record<string, unknown>

/** Puts a schema with an id into the components once, and refers to it elsewhere. */
export function schemaOf(schema: z.ZodType, io: 'input' | 'output', components: Map<string, Json>): Json {
  const converted = z.toJSONSchema(schema, {
    io,
    target: 'draft-2020-12',
    unrepresentable: 'any',
    override: (written) => {
      spellOut(written)
      if (io === 'input') describeDefault(written)
    },
  })
  const { $schema: _dialect, $defs = {}, ...json } = converted
  for (const [name, definition] of Object.entries($defs)) {
    const component = relocated(definition)
    const known = components.get(name)
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(component))
      throw new Error(`Two schemas of the contract are called ${name}`)
    components.set(name, component)
  }
  return relocated(json)
}

/** zod writes `#/$defs/Order`; OpenAPI needs `#/components/schemas/Order`. */
function relocated(json: unknown): Json {
  return JSON.parse(JSON.stringify(json).replaceAll('"#/$defs/', '"#/components/schemas/'))
}

/**
 * Several generators make a required field of one with a default, although a client may leave it out. So the default of
 * an input stands in its description.
 */
function describeDefault({ jsonSchema }: { jsonSchema: Json }): void {
  if (!('default' in jsonSchema)) return
  const described = `Default: \`${JSON.stringify(jsonSchema['default'])}\``
  const known = jsonSchema['description']
  jsonSchema['description'] = typeof known === 'string' ? `${known}. ${described}` : described
  delete jsonSchema['default']
}

/** Rewrites a record with known keys as an object with these properties, which more tools understand. */
function spellOut({ jsonSchema }: { jsonSchema: Json }): void {
  const { propertyNames, additionalProperties, required } = jsonSchema
  if (propertyNames === undefined || !Array.isArray(required)) return
  delete jsonSchema['propertyNames']
  jsonSchema['properties'] = Object.fromEntries(required.map((name) => [name, additionalProperties]))
  jsonSchema['additionalProperties'] = false
}

const lists = new WeakMap<z.ZodObject, ReadonlySet<string>>()

/** The parameters that are lists: the document and the server read them alike. */
export function listsOf(query: z.ZodObject | undefined): ReadonlySet<string> {
  if (query === undefined) return new Set()
  const known = lists.get(query)
  if (known !== undefined) return known
  const { properties = {} } = schemaOf(query, 'output', new Map())
  const names = Object.entries(properties as Record<string, Json>).flatMap(([name, { type }]) =>
    type === 'array' ? [name] : [],
  )
  const found = new Set(names)
  lists.set(query, found)
  return found
}
