import { named } from '../../functions/core/named.ts'

/** The tag of a statement that a test sends itself. */
export const sent = named('tests.any')
