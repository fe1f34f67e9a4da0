/** The Postgres schemas of the rows. The Worker's role may own no table in them. */
const core = ['core']
const dispatch = ['dispatch']
const space = ['space']
const ledger = ['ledger']

export const schemas: readonly string[] = [...core, ...dispatch, ...space, ...ledger]
