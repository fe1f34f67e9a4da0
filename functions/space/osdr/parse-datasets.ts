import { spaceYear } from '../rules.ts'
import {
  type Fields,
  fieldsOf,
  idIn,
  isDay,
  isFields,
  jsonOf,
  listOf,
  Malformed,
  maybeNumberIn,
  maybeTextIn,
  type Parsed,
  parsing,
  parsingEach,
  textIn,
  textsIn,
} from '../upstreams/lenient.ts'

export type Mission = { name: string | null; startDate: string | null; endDate: string | null }

export type Dataset = {
  datasetId: string
  title: string
  description: string | null
  /** YYYY-MM-DD */
  releaseDate: string | null
  organism: string | null
  material: string | null
  project: string | null
  projectType: string | null
  mission: Mission | null
  assayTypes: string[]
  raw: Fields
}

const accession = /^(?:OSD|GLDS)-\d+$/

/** `datasets/`: an object keyed by accession, with nothing about the datasets themselves. */
export function parseDatasetList(body: string): Parsed<string[]> {
  return parsing(() => {
    const keys = Object.keys(fieldsOf(jsonOf(body), 'the list')).filter((key) => accession.test(key))
    // An empty list is refused: it would mean that NASA deleted all datasets.
    if (keys.length === 0) throw new Malformed('the list holds no accession')
    return keys
  })
}

/** One row per dataset with the requested fields. It shows which datasets changed without fetching each. */
export function parseOverview(body: string): Parsed<Map<string, string>> {
  const rows = parsingEach(
    () => listOf(jsonOf(body), 'the overview'),
    (element): [string, string] => {
      const row = fieldsOf(element, 'a row of the overview')
      return [idIn(row, 'id.accession'), canonical(row)]
    },
  )
  return rows.ok ? { ...rows, value: new Map(rows.value) } : rows
}

/** `dataset/{accession}/`. Any value may be a text or a list, and any key may be missing. */
export function parseDataset(body: string, datasetId: string): Parsed<Dataset> {
  return parsing(() => {
    const entry = fieldsOf(fieldsOf(jsonOf(body), 'the answer')[datasetId], 'the dataset')
    const raw = fieldsOf(entry['metadata'], 'metadata')
    return {
      datasetId,
      title: textIn(raw, 'study title'),
      description: maybeTextIn(raw, 'study description'),
      releaseDate: releaseDay(raw),
      organism: maybeTextIn(raw, 'organism'),
      material: maybeTextIn(raw, 'material type'),
      project: maybeTextIn(raw, 'project title') ?? maybeTextIn(raw, 'project identifier'),
      projectType: maybeTextIn(raw, 'project type'),
      mission: missionOf(raw['mission']),
      assayTypes: textsIn(raw, 'study assay technology type'),
      raw,
    }
  })
}

/** Equal content gives equal text in any order of keys, so that the text can be hashed. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (!isFields(value)) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(',')}}`
}

/** Seconds since 1970, as a float. Zero is an unset field, and no dataset is of 1970. */
function releaseDay(raw: Fields): string | null {
  const seconds = maybeNumberIn(raw, 'study public release date')
  if (seconds === null) return null
  if (seconds <= 0 || seconds > 4e9) throw new Malformed('study public release date is not a moment')
  return new Date(seconds * 1000).toISOString().slice(0, 10)
}

/** One mission or a list of them. A mission with only blank fields counts as none. */
function missionOf(value: unknown): Mission | null {
  const [first] = Array.isArray(value) ? value : [value]
  if (!isFields(first)) return null
  const mission = {
    name: maybeTextIn(first, 'name'),
    startDate: missionDay(first, 'start date'),
    endDate: missionDay(first, 'end date'),
  }
  return Object.values(mission).every((part) => part === null) ? null : mission
}

/** `07/17/2006` or `9/21/14`. Any other form gives null instead of a guess, and `raw` keeps the text. */
function missionDay(mission: Fields, name: string): string | null {
  const [, month = '', day = '', year = ''] =
    /^(\d{1,2})\/(\d{1,2})\/(\d{2}|\d{4})$/.exec(maybeTextIn(mission, name) ?? '') ?? []
  const whole = year.length === 2 ? spaceYear(year) : Number(year)
  const iso = `${whole}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
  return whole >= 1957 && whole < 2100 && isDay(iso) ? iso : null
}
