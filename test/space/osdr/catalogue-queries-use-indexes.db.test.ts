import { beforeAll, describe, expect, it } from 'vitest'
import { listDatasets } from '../../../functions/space/osdr/list-datasets.ts'
import { indexedAfterwards, inSteps } from '../../support/fill.ts'
import { nodesOf, planOf } from '../support/plan.ts'
import { spaceRig } from '../support/rig.ts'

const rig = await spaceRig()
const { admin } = rig

describe('the catalogue at a hundred thousand datasets', () => {
  beforeAll(async () => {
    await indexedAfterwards(admin, ['space.osdr_items', 'space.osdr_changes'], () =>
      inSteps(100_000, (from, to) =>
        admin.query(`
        insert into space.osdr_items (dataset_id, title, release_date, assay_types, raw, content_hash)
        select 'OSD-' || n, 'Effects of series ' || md5(n::text), current_date - n % 7000, '[]', '{}', n::text
        from generate_series(${from}, ${to}) n`),
      ),
    )
    await admin.query('analyze space.osdr_items; analyze space.osdr_changes')
  })

  const indexed = [
    [
      'idx_osdr_items_released',
      `select dataset_id from space.osdr_items d order by coalesce(d.release_date, '-infinity') desc, d.dataset_id desc limit 50`,
    ],
    [
      'idx_osdr_items_updated',
      `select dataset_id from space.osdr_items d order by d.updated_at desc, d.dataset_id desc limit 50`,
    ],
    [
      'idx_osdr_changes_feed',
      `select id from space.osdr_changes c where (c.xid, c.id) > ('3'::xid8, 50000) order by c.xid, c.id limit 50`,
    ],
  ] as const
  it.each(indexed)('%s serves its query', async (index, query) => {
    const { rows } = await admin.query(`explain (format json) ${query}`)
    const names = nodesOf(rows[0]['QUERY PLAN'][0].Plan).map((node) => Reflect.get(node, 'Index Name'))
    expect(names).toContain(index)
  })

  it('idx_osdr_items_search finds a rare word', async () => {
    const plan = await planOf(rig, (ctx) =>
      listDatasets(ctx, {
        q: 'effects a0b9c',
        organism: null,
        project: null,
        sort: '-releaseDate',
        after: null,
        limit: 51,
      }),
    )
    expect(nodesOf(plan).map((node) => Reflect.get(node, 'Index Name'))).toContain('idx_osdr_items_search')
  })
})
