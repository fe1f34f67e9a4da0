import { type Answer, dice, json, nothingThere, pick, type UpstreamRequest } from './answer.ts'

export type Metadata = Record<string, unknown>

const organisms = [
  'Mus musculus',
  'Homo sapiens',
  'Arabidopsis thaliana',
  'Drosophila melanogaster',
  'Caenorhabditis elegans',
  'Rattus norvegicus',
  'Saccharomyces cerevisiae',
  'Danio rerio',
  'Escherichia coli',
  'Bacillus subtilis',
] as const
const tissues = [
  'liver',
  'soleus muscle',
  'retina',
  'root tips',
  'whole organism',
  'thymus',
  'bone marrow',
  'kidney',
  'seedlings',
  'cell culture',
] as const
const factors = [
  'spaceflight',
  'simulated microgravity',
  'HZE radiation',
  'gamma rays',
  'hindlimb unloading',
  'altered gravity',
] as const
const assays = [
  'RNA Sequencing (RNA-Seq)',
  'DNA microarray',
  'mass spectrometry',
  'Photography',
  'whole genome bisulfite sequencing',
] as const
const missions = ['STS-121', 'STS-131', 'SpaceX-4', 'SpaceX-12', 'BION-M1', 'Rodent Research-6', ''] as const

export type Osdr = {
  answer: (request: UpstreamRequest) => Answer
  datasets: Map<string, Metadata>
  reset(): void
}

/** The catalogue of the Open Science Data Repository, with the quirks of the real one. */
export function makeOsdr(size = 640): Osdr {
  const datasets = new Map<string, Metadata>()
  function reset(): void {
    datasets.clear()
    for (let number = 1; number <= size; number += 1) datasets.set(`OSD-${number}`, metadataOf(number))
  }
  reset()
  return { answer: (request) => answer(request, datasets), datasets, reset }
}

const root = 'https://visualization.osdr.nasa.gov/biodata/api/v2'

function answer({ path, query }: UpstreamRequest, datasets: Map<string, Metadata>): Answer {
  const route = path.replace('/biodata/api/v2', '')
  if (route === '/datasets/')
    return json(
      Object.fromEntries([...datasets.keys()].map((key) => [key, { REST_URL: `${root}/dataset/${key}/` }])),
    )
  if (route === '/query/datasets/') return overview([...query.keys()], datasets)
  const [, accession = '', part] = /^\/dataset\/([A-Z]+-\d+)\/(assays\/|files\/)?$/.exec(route) ?? []
  const metadata = datasets.get(accession)
  if (!metadata) return nothingThere()
  const files = { REST_URL: `${root}/dataset/${accession}/files/` }
  if (part === 'files/') return json({ [accession]: { files: {} } })
  if (part === 'assays/') return json({ [accession]: { assays: {} } })
  return json({ [accession]: { REST_URL: `${root}/dataset/${accession}/`, files, metadata } })
}

/** `query/datasets/?id.accession&investigation.study.study title…&format=json.records`: one row per dataset. */
function overview(fields: string[], datasets: Map<string, Metadata>): Answer {
  const requested = fields.filter((field) => field.startsWith('investigation.study.'))
  return json(
    [...datasets].map(([accession, metadata]) => ({
      'id.accession': accession,
      ...Object.fromEntries(
        requested.map((field) => [field, metadata[field.replace('investigation.study.', '')] ?? null]),
      ),
    })),
  )
}

function metadataOf(number: number): Metadata {
  const roll = dice(`OSD-${number}`)
  const [organism, tissue, factor] = [pick(roll, organisms), pick(roll, tissues), pick(roll, factors)]
  const [first, second] = [pick(roll, assays), pick(roll, assays)]
  const mission = pick(roll, missions)
  const year = 2006 + Math.floor((number / 640) * 20)
  const released = Date.UTC(year, Math.floor(roll() * 12), 1 + Math.floor(roll() * 28)) / 1000
  return {
    accession: `OSD-${number}`,
    identifiers: `OSD-${number}`,
    'study title': `Effects of ${factor} on ${organism} ${tissue}`,
    ...(roll() < 0.9 && {
      'study description': `${organism} ${tissue} was profiled by ${first} after ${factor}, beside ground controls. Series ${number}.`,
    }),
    ...(roll() < 0.95 && { 'study public release date': released }),
    organism: roll() < 0.9 ? organism : [organism, pick(roll, organisms)],
    'material type': tissue,
    'project type': factor === 'spaceflight' ? 'Spaceflight Study' : 'Ground Study',
    ...(roll() < 0.7 && {
      'project title': `${pick(roll, ['Gene', 'Rodent', 'Plant', 'Radiation'])} Research ${1 + Math.floor(roll() * 40)}`,
    }),
    mission:
      mission === ''
        ? { 'end date': '', 'start date': '', name: '' }
        : { 'end date': `07/17/${year}`, 'start date': `07/04/${year}`, name: mission },
    'study assay technology type': first === second ? first : [first, second],
    'managing nasa center': 'Ames Research Center (ARC)',
  }
}
