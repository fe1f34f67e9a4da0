import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { localFolder } from './project.ts'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

type Found = { executablePath: string; env?: Record<string, string> }

/**
 * A Chromium without a window: that of CHROMIUM, else one on the PATH, else the one of @sparticuz/chromium, which is
 * unpacked to .lockstep/ once. The default flags of that package switch web security off, so they are not used.
 */
export async function launchBrowser({ flags = [] }: { flags?: readonly string[] } = {}): Promise<Browser> {
  const { executablePath, env } = installed() ?? (await unpacked())
  return chromium.launch({
    executablePath,
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ...flags],
    ...(env && { env: { ...process.env, ...env } }),
  })
}

function installed(): Found | null {
  const named = process.env['CHROMIUM']
  if (named) return { executablePath: named }
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const found = names.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync)
  return found === undefined ? null : { executablePath: found }
}

/** It brings a binary for Linux on x64, and the libraries that a bare system lacks. */
async function unpacked(): Promise<Found> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('No Chromium was found: install Chromium or Chrome, or name one by CHROMIUM=/path/to/it')
  const folder = join(localFolder, 'chromium')
  if (!existsSync(join(folder, 'chromium'))) await unpackTo(folder)
  return {
    executablePath: join(folder, 'chromium'),
    env: { LD_LIBRARY_PATH: [join(folder, 'al2023/lib'), process.env['LD_LIBRARY_PATH'] ?? ''].join(':') },
  }
}

/** The package unpacks to the folder for temporary files. Moved whole, so that two processes find all of it or nothing. */
async function unpackTo(folder: string): Promise<void> {
  const own = `${folder}.${process.pid}`
  mkdirSync(own, { recursive: true })
  const before = { temporary: process.env['TMPDIR'], platform: process.env['AWS_EXECUTION_ENV'] }
  try {
    process.env['TMPDIR'] = own
    // The package unpacks its libraries only where it sees this setting.
    process.env['AWS_EXECUTION_ENV'] = 'AWS_Lambda_nodejs22.x'
    const { default: packed } = await import('@sparticuz/chromium')
    await packed.executablePath()
    renameSync(own, folder)
  } catch (error) {
    rmSync(own, { recursive: true, force: true })
    if (!existsSync(join(folder, 'chromium'))) throw error
  } finally {
    restore('TMPDIR', before.temporary)
    restore('AWS_EXECUTION_ENV', before.platform)
  }
}

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name]
  else process.env[name] = value
}
