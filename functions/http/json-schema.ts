import * as z from 'zod'

export type Json = Record<string, unknown>

/** Puts a schema with an id into the components once, and refers to it elsewhere. */
export function schemaOf(schema: z.ZodType, io: 'input' | 'output', components: Map<string, Json>): Json {
  const converted = z.toJSONSchema(schema, {
    io,
    target: 'draft-2020-12',
    unrepresentable: 'any',
    override: spellOut,
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

/** Rewrites a record with known keys as an object with these properties, which more tools understand. */
function spellOut({ jsonSchema }: { jsonSchema: Json }): void {
  const { propertyNames, additionalProperties, required } = jsonSchema
  if (propertyNames === undefined || !Array.isArray(required)) return
  delete jsonSchema['propertyNames']
  jsonSchema['properties'] = Object.fromEntries(required.map((name) => [name, additionalProperties]))
  jsonSchema['additionalProperties'] = false
}
