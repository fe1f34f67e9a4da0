import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { z } from 'zod'
import type { CurrentPosition, Track as TrackAnswer } from '../../functions/space/iss/contract.ts'
import { Badge } from '../parts/badge.tsx'
import { sunAt, type Track, WorldMap } from '../parts/map.tsx'
import { number } from '../parts/numbers.ts'
import { Panel } from '../parts/panel.tsx'
import { useResource } from '../parts/resource.ts'
import { useStep } from '../parts/use-step.ts'
import { Fact, Facts, Value } from '../parts/value.tsx'

type Iss = z.infer<typeof CurrentPosition>
type IssTrack = z.infer<typeof TrackAnswer>

const at = '/v1/space/iss'
const orbitMinutes = 92
const [minuteMs, tenMinutesMs] = [60_000, 600_000]

/** The ISS on the map of the world: solid where it was observed, hollow with a ring of error where it was computed. */
export function Station() {
  const iss = useResource<Iss>(at, { every: 15 })
  const track = useTrack()
  const minute = useStep(minuteMs)
  return (
    <Panel
      title="International Space Station"
      of={iss}
      size="map"
      wide
      stale={({ stale }) => stale}
      asOf={({ asOf }) => asOf}
    >
      {(data) => (
        <div class="split">
          <WorldMap
            sentence={sentenceOf(data)}
            sun={sunAt(minute)}
            tracks={track ? tracksOf(track, Date.parse(data.ts)) : []}
            marks={[
              {
                ...pointOf(data),
                label: 'ISS',
                kind: data.computed ? 'hollow' : 'solid',
                ringKm: data.errorKm,
              },
            ]}
          />
          <Facts>
            <Fact name="Altitude">
              <Value at={`${at}#altitudeKm`} value={data.altitudeKm} unit="km" />
            </Fact>
            <Fact name="Speed">
              <Value at={`${at}#velocityKmh`} value={data.velocityKmh} unit="km/h" />
            </Fact>
            <Fact name="Latitude">
              <Value at={`${at}#latitude`} value={data.latitude} unit="°" />
            </Fact>
            <Fact name="Longitude">
              <Value at={`${at}#longitude`} value={data.longitude} unit="°" />
            </Fact>
            <Fact name="Light">{data.visibility ?? <span class="unknown">unknown</span>}</Fact>
            <Fact name="Source">
              {data.computed ? (
                <Badge word="computed" tone="unknown" title="From stored orbital elements, by SGP4" />
              ) : (
                <Badge word="observed" tone="ok" />
              )}{' '}
              by {data.source}
            </Fact>
            {data.errorKm !== null && (
              <Fact name="Error at most">
                <Value at={`${at}#errorKm`} value={data.errorKm} unit="km" />
              </Fact>
            )}
            {data.crossCheckKm !== null && (
              <Fact name="Beside the computed orbit">
                <Value at={`${at}#crossCheckKm`} value={data.crossCheckKm} unit="km" />
              </Fact>
            )}
            <Fact name="Track">one orbit back, and one ahead (dashed)</Fact>
          </Facts>
        </div>
      )}
    </Panel>
  )
}

/** One orbit before and after now, read every ten minutes. The last track stays until the next one is there. */
function useTrack(): IssTrack | null {
  const begin = useStep(tenMinutesMs) - orbitMinutes * minuteMs
  const from = new Date(begin).toISOString()
  const track = useResource<IssTrack>(
    `${at}/track?from=${from}&minutes=${2 * orbitMinutes + 10}&stepSeconds=60`,
  )
  const last = useSignal<IssTrack | null>(null)
  useEffect(() => {
    if (track.data.value) last.value = track.data.value
  }, [track.data.value])
  return last.value
}

function tracksOf({ data }: IssTrack, atMs: number): Track[] {
  const isPast = ({ ts }: { ts: string }) => Date.parse(ts) <= atMs
  const inWindow = ({ ts }: { ts: string }) => Math.abs(Date.parse(ts) - atMs) <= orbitMinutes * minuteMs
  const shown = data.filter(inWindow)
  return [
    { kind: 'past', points: shown.filter(isPast).map(pointOf) },
    { kind: 'future', points: shown.filter((one) => !isPast(one)).map(pointOf) },
  ]
}

const pointOf = ({ latitude, longitude }: { latitude: number; longitude: number }) => ({
  lat: latitude,
  lng: longitude,
})

function sentenceOf({ latitude, longitude, computed, errorKm }: Iss): string {
  const north = `${number(Math.abs(latitude))}° ${latitude < 0 ? 'south' : 'north'}`
  const east = `${number(Math.abs(longitude))}° ${longitude < 0 ? 'west' : 'east'}`
  const how = computed ? `computed, at most ${number(errorKm ?? 0)} km wrong` : 'observed'
  return `The ISS is at ${north}, ${east} (${how}). It is night in the dark half.`
}
