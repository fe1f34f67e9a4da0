import type { z } from 'zod'
import type { CurrentPosition, Track as TrackAnswer } from '../../functions/space/iss/contract.ts'
import { Badge } from '../parts/badge.tsx'
import { now } from '../parts/clock.ts'
import { sunAt, WorldMap } from '../parts/map.tsx'
import { number } from '../parts/numbers.ts'
import { Grid, Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { useResource } from '../parts/resource.ts'
import { Fact, Facts, Value } from '../parts/value.tsx'

type Iss = z.infer<typeof CurrentPosition>
type IssTrack = z.infer<typeof TrackAnswer>

const at = '/v1/space/iss'

/** The first page: the ISS now, and what the system collects about space. */
export function page() {
  const iss = useResource<Iss>(at, { every: 15 })
  const track = useResource<IssTrack>('/v1/space/iss/track?minutes=92&stepSeconds=60', { every: 300 })
  return (
    <Page
      title="Lockstep"
      sentence="Where the ISS is now, and the open data that this system collects about space. Everybody may read this page."
    >
      <Grid>
        <Panel
          title="International Space Station"
          of={iss}
          size={5}
          wide
          stale={({ stale }) => stale}
          asOf={({ asOf }) => asOf}
          empty={{
            when: () => false,
            why: 'No position has been collected yet.',
          }}
        >
          {(data) => (
            <div class="split">
              <WorldMap
                sentence={sentenceOf(data)}
                sun={sunAt(Math.floor(now.value / 60_000) * 60_000)}
                tracks={
                  track.data.value ? [{ kind: 'future', points: track.data.value.data.map(pointOf) }] : []
                }
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
                <Fact name="Source">
                  {data.computed ? (
                    <Badge word="computed" tone="unknown" title="From stored orbital elements, by SGP4" />
                  ) : (
                    <Badge word="observed" tone="ok" title={data.source} />
                  )}
                </Fact>
                {data.errorKm !== null && (
                  <Fact name="Error at most">
                    <Value at={`${at}#errorKm`} value={data.errorKm} unit="km" />
                  </Fact>
                )}
              </Facts>
            </div>
          )}
        </Panel>
      </Grid>
    </Page>
  )
}

const pointOf = ({ latitude, longitude }: { latitude: number; longitude: number }) => ({
  lat: latitude,
  lng: longitude,
})

function sentenceOf({ latitude, longitude, computed, errorKm }: Iss): string {
  const where = `${number(Math.abs(latitude))}° ${latitude < 0 ? 'south' : 'north'}, ${number(Math.abs(longitude))}° ${longitude < 0 ? 'west' : 'east'}`
  const how = computed ? `computed, at most ${number(errorKm ?? 0)} km wrong` : 'observed'
  return `The ISS is at ${where} (${how}). The dark half has night.`
}
