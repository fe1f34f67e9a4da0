import { useSignal } from '@preact/signals'
import { type ComponentType, render } from 'preact'
import { useEffect } from 'preact/hooks'
import { type PageEntry, pages } from './pages.ts'
import { Frame } from './parts/frame.tsx'
import { match } from './parts/match.ts'
import { Page } from './parts/page.tsx'
import { followLinks, pathOf, route } from './parts/route.ts'
import { role, session } from './parts/session.ts'
import { begin, NoSession, SignIn, SignInPanel, sessionProblem } from './parts/sign-in.tsx'

type Shown = ComponentType<{ params: Record<string, string> }>

function App() {
  const { path } = route.value
  const found = entryOf(path)
  const Shown = useLoaded(found?.entry ?? null)
  if (path === '/app') return <Entrance />
  if (found === null) return <Unknown path={path} />
  const { entry, params } = found
  if (!session.value && entry.roles !== 'everybody') return sessionProblem.value && <Away entry={entry} />
  if (entry.roles !== 'everybody' && !entry.roles.includes(role.value ?? '')) return <Closed entry={entry} />
  // Another address of the same page is another page: it keeps nothing of the one before.
  return Shown && <Shown key={path} params={params} />
}

function entryOf(path: string): { entry: PageEntry; params: Record<string, string> } | null {
  for (const entry of pages) {
    const params = match(entry.path, path)
    if (params !== null) return { entry, params }
  }
  return null
}

/** The code of a page is loaded when the page is opened first. Until then no page is shown, and never the one before. */
function useLoaded(entry: PageEntry | null): Shown | null {
  const loaded = useSignal<{ entry: PageEntry; page: Shown } | null>(null)
  useEffect(() => {
    let current = true
    const load = async () => {
      if (entry === null) return
      const { page } = await entry.load()
      if (current) loaded.value = { entry, page }
    }
    void load()
    return () => {
      current = false
    }
  }, [entry])
  return loaded.value !== null && loaded.value.entry === entry ? loaded.value.page : null
}

function Entrance() {
  return (
    <Page
      title="Sign in"
      sentence="Choose who you are: each role sees the part of the system that it works with."
    >
      <section class="panel wide" aria-label="Sign in">
        <SignIn />
      </section>
    </Page>
  )
}

/** The session could not be read, so nobody knows yet who may see the page. */
function Away({ entry: { title } }: { entry: PageEntry }) {
  return (
    <Page title={title} sentence="The Worker has not said who you are. The page opens once it answers.">
      <section class="panel wide" aria-label="Session">
        <NoSession />
      </section>
    </Page>
  )
}

function Closed({ entry: { title, roles } }: { entry: PageEntry }) {
  const only = roles === 'everybody' ? [] : roles
  return (
    <Page title={title} sentence={`This page is for: ${only.join(', ')}.`}>
      <SignInPanel
        title="Sign in"
        why={
          role.value === null
            ? 'Nobody is signed in.'
            : `You are signed in as ${role.value}, which may not use it.`
        }
        only={only}
      />
    </Page>
  )
}

function Unknown({ path }: { path: string }) {
  return (
    <Page
      title="No such page"
      sentence="Nothing is at this address; it may be mistyped, or the thing may be gone."
    >
      <section class="panel wide" aria-label="Address">
        <p>
          <code class="address">{path}</code>
        </p>
        <p>
          <a href="/">Go to the first page</a>, or <a href="/docs">read the contract of the API</a>.
        </p>
      </section>
    </Page>
  )
}

followLinks((pathname) => pathname === '/app' || entryOf(pathOf(pathname)) !== null)
void begin()
const place = document.querySelector('#app')
if (place) {
  place.replaceChildren()
  render(
    <Frame>
      <App />
    </Frame>,
    place,
  )
}
