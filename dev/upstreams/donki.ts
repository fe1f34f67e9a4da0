import {
  type Answer,
  dayOf,
  daysBetween,
  dice,
  isDay,
  json,
  nothingThere,
  type UpstreamRequest,
} from './answer.ts'

type Event = Record<string, unknown> & { versionId?: number }

const viewer = 'https://kauai.ccmc.gsfc.nasa.gov/DONKI/view'

/** Space weather events. Each is revised once, on the day after it happened. `revised` adds further versions. */
export function makeDonki(): { answer: (request: UpstreamRequest) => Answer; revised: Map<string, Event> } {
  const revised = new Map<string, Event>()
  return { answer: (request) => answer(request, revised), revised }
}

function answer({ path, query, now }: UpstreamRequest, revised: Map<string, Event>): Answer {
  const kind = path.replace('/DONKI/WS/get/', '/DONKI/').slice('/DONKI/'.length)
  const maker = { CME: massEjections, FLR: flares, GST: storms, notifications }[kind]
  if (!maker) return nothingThere()
  const today = dayOf(now)
  const dayIn = (name: string, otherwise: string) => {
    const day = query.get(name) ?? ''
    return isDay(day) ? day : otherwise
  }
  const from = dayIn('startDate', dayOf(new Date(now.getTime() - 30 * 86_400_000)))
  const to = dayIn('endDate', today)
  const events = daysBetween(from, to < today ? to : today)
    .flatMap((day) => maker(day, now))
    .map((event) => ({ ...event, ...revised.get(String(event[idOf[kind] ?? ''])) }))
  return json(events)
}

const idOf: Record<string, string> = {
  CME: 'activityID',
  FLR: 'flrID',
  GST: 'gstID',
  notifications: 'messageID',
}

function massEjections(day: string, now: Date): Event[] {
  const roll = dice(`cme ${day}`)
  return Array.from({ length: Math.floor(roll() * 3) }, (_, index) => {
    const start = minuteOf(day, roll)
    const speed = 200 + Math.floor(roll() ** 3 * 1800)
    return published(now, {
      activityID: `${start}:00-CME-00${index + 1}`,
      catalog: 'M2M_CATALOG',
      startTime: `${start}Z`,
      instruments: [{ displayName: 'SOHO: LASCO/C2' }, { displayName: 'SOHO: LASCO/C3' }],
      sourceLocation: roll() < 0.5 ? '' : 'S10E20',
      activeRegionNum: null,
      note: 'Seen in the south-east.',
      submissionTime: `${start}Z`,
      link: `${viewer}/CME/${index}/-1`,
      cmeAnalyses: [
        {
          isMostAccurate: true,
          time21_5: `${start}Z`,
          latitude: -10,
          longitude: -105,
          halfAngle: 20,
          speed,
          type: speed > 999 ? 'O' : 'C',
          featureCode: 'null',
          measurementTechnique: 'null',
          note: '',
          levelOfData: 0,
          enlilList: null,
        },
      ],
      linkedEvents: null,
      sentNotifications: null,
    })
  }).flat()
}

function flares(day: string, now: Date): Event[] {
  const roll = dice(`flr ${day}`)
  const ejections = massEjections(day, now)
  return Array.from({ length: Math.floor(roll() * 4) }, (_, index) => {
    const start = minuteOf(day, roll)
    const strength = roll()
    const letter = strength < 0.7 ? 'C' : strength < 0.95 ? 'M' : 'X'
    const linked = ejections[index]?.['activityID']
    return published(now, {
      flrID: `${start}:00-FLR-00${index + 1}`,
      catalog: 'M2M_CATALOG',
      instruments: [{ displayName: 'GOES-P: EXIS 1.0-8.0' }],
      beginTime: `${start}Z`,
      peakTime: `${start}Z`,
      endTime: roll() < 0.1 ? null : `${start}Z`,
      classType: `${letter}${(1 + roll() * 8.9).toFixed(1)}`,
      sourceLocation: 'N12E32',
      activeRegionNum: 14_000 + Math.floor(roll() * 999),
      note: '',
      submissionTime: `${start}Z`,
      link: `${viewer}/FLR/${index}/-1`,
      linkedEvents: linked === undefined ? null : [{ activityID: linked }],
      sentNotifications: null,
    })
  }).flat()
}

function storms(day: string, now: Date): Event[] {
  const roll = dice(`gst ${day}`)
  if (roll() > 0.1) return []
  const start = `${day}T18:00`
  const kpIndex = 5 + Math.round(roll() * 12) / 3
  return published(now, {
    gstID: `${start}:00-GST-001`,
    startTime: `${start}Z`,
    allKpIndex: [{ observedTime: `${day}T21:00Z`, kpIndex, source: 'NOAA' }],
    link: `${viewer}/GST/1/-1`,
    linkedEvents: null,
    submissionTime: `${day}T21:02Z`,
    sentNotifications: null,
  })
}

function notifications(day: string, now: Date): Event[] {
  return massEjections(day, now).map((event, index) => ({
    messageType: 'CME',
    messageID: `${day.replaceAll('-', '')}-AL-00${index + 1}`,
    messageURL: `${viewer}/Alert/${index}/1`,
    messageIssueTime: event['startTime'],
    messageBody: `## Summary:\n\nCME detected.\n\nActivity ID: ${String(event['activityID'])}\n`,
  }))
}

/** Leaves out events that have not begun. The second version appears a day after the first. */
function published(now: Date, event: Event): Event[] {
  const start = Date.parse(String(event['startTime'] ?? event['beginTime']))
  if (start > now.getTime()) return []
  return [{ ...event, versionId: now.getTime() - start > 86_400_000 ? 2 : 1 }]
}

function minuteOf(day: string, roll: () => number): string {
  return new Date(Date.parse(day) + Math.floor(roll() * 1440) * 60_000).toISOString().slice(0, 16)
}
