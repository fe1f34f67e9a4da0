import type pg from 'pg'

type Description = { parameters: number[]; columns: pg.FieldDef[] }
type Named = { parameters: string[]; columns: { name: string; type: string }[] }

/** The types that Postgres gives to the parameters and the columns of a statement. The statement does not run. */
export async function describe(client: pg.Client, text: string): Promise<Named> {
  const { parameters, columns } = await new Promise<Description>((resolve, reject) => {
    client.query(describing(text, { resolve, reject }))
  })
  const types = [...parameters, ...columns.map(({ dataTypeID }) => dataTypeID)]
  const { rows } = await client.query<{ names: string[] }>(
    'select array(select format_type(oid, null) from unnest($1::oid[]) with ordinality t (oid, at) order by at) as names',
    [types],
  )
  const names = rows[0]?.names ?? []
  return {
    parameters: names.slice(0, parameters.length),
    columns: columns.map(({ name }, at) => ({ name, type: names[parameters.length + at] ?? 'text' })),
  }
}

type Settling = { resolve: (found: Description) => void; reject: (error: Error) => void }

/** Parse and Describe of the wire protocol, without the Bind and Execute that the driver adds. */
function describing(text: string, { resolve, reject }: Settling): pg.Submittable & object {
  const found: Description = { parameters: [], columns: [] }
  return {
    submit(connection) {
      connection.once('parameterDescription', ({ dataTypeIDs }: { dataTypeIDs: number[] }) => {
        found.parameters = dataTypeIDs
      })
      connection.parse({ name: '', text, types: [] }, true)
      connection.describe({ type: 'S' }, true)
      connection.sync()
    },
    handleRowDescription({ fields }: { fields: pg.FieldDef[] }) {
      found.columns = fields
    },
    handleReadyForQuery: () => resolve(found),
    handleError: reject,
  } as pg.Submittable
}
