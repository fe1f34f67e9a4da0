import { describe, expect, it } from 'vitest'
import { boundsOf, quantileOf } from '../../../functions/core/gather.ts'
import { expose } from '../../../functions/ops/metrics/expose.ts'
import { meters } from '../../../functions/registry/meters.ts'
import { lint } from '../support/promtool.ts'

const buckets = boundsOf('db_query_duration_seconds').map((_, at) => at)

const labelled = () => all.filter(({ values }) => values.length > 0)

/** One series of each metric that exists. */
const all = Object.entries(meters).map(([name, { labels }]) => ({
  name,
  values: labels.map((label) => `a "${label}" \\ value`),
  total: 'buckets' in meters[name as keyof typeof meters] ? [1.5, ...buckets, 3] : [7],
}))

describe('the text of /metrics', () => {
  it('has no fault that promtool finds, with one series of each metric', () => {
    expect(lint(expose(all))).toEqual([])
  })

  it('names each metric once, also with many series', () => {
    const text = expose([
      ...all,
      ...labelled().map((one) => ({ ...one, values: one.values.map(() => 'second') })),
    ])
    expect(lint(text)).toEqual([])
    expect(text.match(/^# TYPE job_runs_total counter$/gm)).toHaveLength(1)
  })

  it('counts the values of a histogram up to each bound', () => {
    const text = expose([
      { name: 'http_server_db_round_trips', values: ['/r', 'GET', '2xx'], total: [5, 1, 2, 1] },
    ])
    const of = (bound: string) => new RegExp(`le="${bound}"} (\\d+)`).exec(text)?.[1]
    expect([of('0'), of('1'), of('2'), of('20'), of('\\+Inf')]).toEqual(['1', '3', '4', '4', '4'])
    expect(text).toContain('http_server_db_round_trips_sum{route="/r",method="GET",status="2xx"} 5')
    expect(text).toContain('http_server_db_round_trips_count{route="/r",method="GET",status="2xx"} 4')
  })

  it.each([
    ['a counter without _total', '# HELP runs Runs\n# TYPE runs counter\nruns 1\n'],
    ['a gauge with _total', '# HELP a_total A\n# TYPE a_total gauge\na_total 1\n'],
    ['no HELP', '# TYPE runs_total counter\nruns_total 1\n'],
    ['a metric twice', '# HELP a_b A\n# TYPE a_b gauge\na_b 1\n# HELP a_b A\n# TYPE a_b gauge\na_b 2\n'],
    [
      'a unit that is no base unit',
      '# HELP a_milliseconds A\n# TYPE a_milliseconds gauge\na_milliseconds 1\n',
    ],
    ['a sample without a type', 'runs_total 1\n'],
    [
      'buckets that fall',
      `# HELP h_seconds H\n# TYPE h_seconds histogram\nh_seconds_bucket{le="1"} 2\nh_seconds_bucket{le="+Inf"} 1\nh_seconds_sum 1\nh_seconds_count 1\n`,
    ],
    ['a series twice', '# HELP a_b A\n# TYPE a_b gauge\na_b{x="1"} 1\na_b{x="1"} 2\n'],
    ['a label of a histogram in camel case', '# HELP a_b A\n# TYPE a_b gauge\na_b{someLabel="1"} 1\n'],
    ['a last line without an end', '# HELP a_b A\n# TYPE a_b gauge\na_b 1'],
  ])('would not pass with %s', (_, text) => {
    expect(lint(text)).not.toEqual([])
  })
})

describe('a quantile of a histogram', () => {
  it('lies straight between the bounds of its bucket, and is null without values', () => {
    const values = [0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    expect(quantileOf('db_query_duration_seconds', values, 0.5)).toBeCloseTo(0.0075)
    expect(quantileOf('db_query_duration_seconds', [], 0.5)).toBeNull()
  })
})
