import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { type PageEntry, pages } from '../pages.ts'
import { Announcer } from './announce.tsx'
import { handleKeys, helpOpen, keyList, keysOn, onKey } from './keys.ts'
import { match } from './match.ts'
import { number } from './numbers.ts'
import { paused, switchPause, waitingEvents } from './paused.ts'
import { receipts } from './receipts.ts'
import { drawerOpen, ReceiptsDrawer } from './receipts-drawer.tsx'
import { remembered } from './remembered.ts'
import { go, route } from './route.ts'
import { Search, searchOpen } from './search.tsx'
import { ended, role, session } from './session.ts'
import { Account, EndsSoon, SignInPanel } from './sign-in.tsx'
import { SourceDrawer } from './source.tsx'
import { switchZone, zone } from './times.ts'

const colours = remembered<'system' | 'light' | 'dark'>('colours', 'system')

/** The surroundings of each page: skip link, menu, account, receipts, keys. */
export function Frame({ children }: { children: ComponentChildren }) {
  useEffect(() => {
    document.documentElement.dataset['colours'] = colours.value
  }, [colours.value])
  useEffect(() => {
    handleKeys()
    onKey('?', 'Show these keys', () => (helpOpen.value = !helpOpen.value))
    onKey('/', 'Find a thing by its id', () => (searchOpen.value = true))
    onKey('.', 'Open or close the receipts', () => (drawerOpen.value = !drawerOpen.value))
    onKey('p', 'Pause the live events, or go on', switchPause)
    onKey('g o', 'Go to the operation', () => go('/app/ops'))
    onKey('t', 'Switch between local time and UTC', switchZone)
  }, [])
  return (
    <>
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <Menu />
      <main id="main">
        {ended.value && (
          <SignInPanel
            title="Your token has ended"
            why="The page shows its last data. Sign in again to go on: the page keeps what you have typed."
            beside
          />
        )}
        <EndsSoon />
        <Paused />
        <div class={ended.value ? 'greyed' : undefined}>{children}</div>
      </main>
      <ReceiptsDrawer />
      <SourceDrawer />
      <Search />
      <Help />
      <Announcer />
    </>
  )
}

function Paused() {
  if (!paused.value) return null
  return (
    <div class="notice">
      <p role="status">The live events are paused.</p>
      <button type="button" onClick={switchPause}>
        {waitingEvents.value === 0 ? 'Go on' : `Go on: ${number(waitingEvents.value)} new`}
      </button>
    </div>
  )
}

function Menu() {
  const open = useSignal(false)
  useEffect(() => {
    open.value = false
  }, [route.value])
  return (
    <header class="bar">
      <div class="brand">
        <a href="/">Lockstep</a>
        <button
          type="button"
          class="menu-button"
          aria-expanded={open.value}
          aria-controls="menu"
          onClick={() => (open.value = !open.value)}
        >
          Menu
        </button>
      </div>
      <div id="menu" class={open.value ? 'menu open' : 'menu'}>
        <nav aria-label="Pages">
          <ul>
            {pages.filter(isShown).map(({ path, title }) => (
              <li key={path}>
                <a href={path} aria-current={currentOf(path)}>
                  {title}
                </a>
              </li>
            ))}
            <li>
              <a href="/docs">API contract</a>
            </li>
          </ul>
        </nav>
        <div class="switches">
          <Account />
          <button
            type="button"
            class="small"
            aria-pressed={drawerOpen.value}
            onClick={() => (drawerOpen.value = !drawerOpen.value)}
          >
            <span>Receipts {receipts.value.length}</span> <Hint of="." />
          </button>
          <button type="button" class="small" onClick={switchPause}>
            <span>Live: {paused.value ? 'paused' : 'on'}</span> <Hint of="p" />
          </button>
          <button type="button" class="small" onClick={switchZone}>
            <span>Time: {zone.value}</span> <Hint of="t" />
          </button>
          <label class="small">
            <span>Colours</span>
            <select
              value={colours.value}
              onChange={(event) => (colours.value = event.currentTarget.value as typeof colours.value)}
            >
              <option value="system">system</option>
              <option value="light">light</option>
              <option value="dark">dark</option>
            </select>
          </label>
          <button type="button" class="small" onClick={() => (searchOpen.value = true)}>
            <span>Find by id</span> <Hint of="/" />
          </button>
          <button type="button" class="small" onClick={() => (helpOpen.value = true)}>
            <span>Keys</span> <Hint of="?" />
          </button>
        </div>
      </div>
    </header>
  )
}

/** The key that does the same; the list of keys says it to a screen reader. */
function Hint({ of }: { of: string }) {
  return <kbd aria-hidden="true">{of}</kbd>
}

/** The page itself, or a page above the one that is shown. */
function currentOf(path: string): 'page' | 'true' | undefined {
  if (match(path, route.value.path)) return 'page'
  return path !== '/' && route.value.path.startsWith(`${path}/`) ? 'true' : undefined
}

/** The menu has the pages that the role may use, of the modules that this Worker has. */
function isShown({ roles, row, inMenu }: PageEntry): boolean {
  const mounted = session.value?.modules.includes(row) ?? true
  return inMenu && mounted && (roles === 'everybody' || (role.value !== null && roles.includes(role.value)))
}

function Help() {
  if (!helpOpen.value) return null
  return (
    <aside class="drawer" aria-label="Keys">
      <header>
        <h2>Keys</h2>
        <button type="button" class="small" onClick={() => (helpOpen.value = false)}>
          Close
        </button>
      </header>
      <dl class="facts">
        {keyList.value.map(({ keys, does }) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>j</kbd> <kbd>k</kbd>
          </dt>
          <dd>Next and previous row of a list; Enter opens it</dd>
        </div>
      </dl>
      <label class="check">
        <input
          type="checkbox"
          checked={keysOn.value === 'on'}
          onChange={(event) => (keysOn.value = event.currentTarget.checked ? 'on' : 'off')}
        />{' '}
        Single-letter keys
      </label>
    </aside>
  )
}
