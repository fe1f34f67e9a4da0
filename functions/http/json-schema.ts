import * as z from 'zod'

export type Json = Record<string, unknown>

/** A schema with an id goes to the components once, and is referred to. */
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

/** `#/$defs/Order` is `#/components/schemas/Order` here. */
function relocated(json: unknown): Json {
  return JSON.parse(JSON.stringify(json).replaceAll('"#/$defs/', '"#/components/schemas/'))
}

/** A record whose keys are all known is an object with those properties, which more tools understand. */
function spellOut({ jsonSchema }: { jsonSchema: Json }): void {
  const { propertyNames, additionalProperties, required } = jsonSchema
  if (propertyNames === undefined || !Array.isArray(required)) return
  delete jsonSchema['propertyNames']
  jsonSchema['properties'] = Object.fromEntries(required.map((name) => [name, additionalProperties]))
  jsonSchema['additionalProperties'] = false
}
