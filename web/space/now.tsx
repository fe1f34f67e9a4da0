import { Later } from '../parts/later.tsx'
import { Grid, Page, Stack } from '../parts/page.tsx'
import { principal } from '../parts/session.ts'
import { WhenSeen } from '../parts/when-seen.tsx'
import { Activity } from './activity.tsx'
import { Approaches } from './approaches.tsx'
import { Datasets } from './datasets.tsx'
import { Passes } from './passes.tsx'
import { Picture } from './picture.tsx'
import { Station } from './station.tsx'
import { Weather } from './weather.tsx'

/** The first page: the ISS now, and the data that the system collects about space. */
export function page() {
  return (
    <Page
      title="Lockstep"
      sentence="One Worker on one Postgres runs orders, money, campaigns, greenhouses and the public data of this page: sign in by one click to watch it work."
      tools={
        principal.value === null && (
          <a class="button main" href="/app">
            Sign in to watch it work
          </a>
        )
      }
    >
      <Grid>
        <Station />
        <WhenSeen title="Passes over a place" size={4}>
          {() => <Passes />}
        </WhenSeen>
        <WhenSeen title="Picture of the day">{() => <Picture />}</WhenSeen>
        <WhenSeen title="Close approaches" size={4}>
          {() => <Approaches />}
        </WhenSeen>
        <WhenSeen title="Space weather" size={4}>
          {() => <Weather />}
        </WhenSeen>
        <WhenSeen title="Biological datasets" size={4}>
          {() => <Datasets />}
        </WhenSeen>
        <Stack>
          <WhenSeen title="Altitude by hour">
            {() => <Later load={async () => (await import('./altitude.tsx')).Altitude} />}
          </WhenSeen>
          <WhenSeen title="Collected in the last 24 hours">{() => <Activity />}</WhenSeen>
        </Stack>
      </Grid>
    </Page>
  )
}
