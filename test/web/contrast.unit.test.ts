import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { projectRoot } from '../../dev/system/project.ts'

const css = readFileSync(join(projectRoot, 'web/style.css'), 'utf8')

type Colours = Record<string, string>

const pairs = [...css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/g)]
const light: Colours = Object.fromEntries(pairs.map(([, name = '', colour = '']) => [name, colour]))
const dark: Colours = Object.fromEntries(pairs.map(([, name = '', , colour = '']) => [name, colour]))
const themes = [
  ['light', light],
  ['dark', dark],
] as const
const states = ['accent', 'ok', 'warn', 'bad', 'unknown']
const series = [1, 2, 3, 4, 5].map((n) => `series-${n}`)

type Rgb = [red: number, green: number, blue: number]

function linear(colour: string): Rgb {
  const channel = (at: number) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return value <= 0.040_45 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }
  return [channel(1), channel(3), channel(5)]
}

/** WCAG 2.2: the ratio of the relative luminances. */
function contrast(a: string, b: string): number {
  const luminance = (colour: string) => {
    const [red, green, blue] = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const [darker = 0, lighter = 0] = [luminance(a), luminance(b)].toSorted((x, y) => x - y)
  return (lighter + 0.05) / (darker + 0.05)
}

type Matrix = readonly [Rgb, Rgb, Rgb]

const times = (matrix: Matrix, [x, y, z]: Rgb): Rgb => [
  matrix[0][0] * x + matrix[0][1] * y + matrix[0][2] * z,
  matrix[1][0] * x + matrix[1][1] * y + matrix[1][2] * z,
  matrix[2][0] * x + matrix[2][1] * y + matrix[2][2] * z,
]

/** How people without one kind of cone see linear RGB: Machado, Oliveira and Fernandes (2009), severity 1. */
const sights: Record<string, Matrix> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protan: [
    [0.152_286, 1.052_583, -0.204_868],
    [0.114_503, 0.786_281, 0.099_216],
    [-0.003_882, -0.048_116, 1.051_998],
  ],
  deutan: [
    [0.367_322, 0.860_646, -0.227_968],
    [0.280_085, 0.672_501, 0.047_413],
    [-0.011_82, 0.042_94, 0.968_881],
  ],
  tritan: [
    [1.255_528, -0.076_749, -0.178_779],
    [-0.078_411, 0.930_809, 0.147_602],
    [0.004_733, 0.691_367, 0.303_9],
  ],
}

/** Ottosson (2020). */
function okLab(rgb: Rgb): Rgb {
  const cones = times(
    [
      [0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9],
      [0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6],
      [0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5],
    ],
    rgb.map((value) => Math.min(1, Math.max(0, value))) as Rgb,
  ).map(Math.cbrt) as Rgb
  return times(
    [
      [0.210_454_255_3, 0.793_617_785, -0.004_072_046_8],
      [1.977_998_495_1, -2.428_592_205, 0.450_593_709_9],
      [0.025_904_037_1, 0.782_771_766_2, -0.808_675_766],
    ],
    cones,
  )
}

function distance(a: string, b: string, sight: Matrix): number {
  const [first, second] = [a, b].map((colour) => okLab(times(sight, linear(colour))))
  return Math.hypot(...[0, 1, 2].map((n) => (first?.[n] ?? 0) - (second?.[n] ?? 0)))
}

/** The pairs that are too near to each other. */
function near(colours: Colours, names: readonly string[], least: number): string[] {
  return Object.entries(sights).flatMap(([sight, matrix]) =>
    names.flatMap((a, at) =>
      names
        .slice(at + 1)
        .filter((b) => distance(colours[a] ?? '', colours[b] ?? '', matrix) < least)
        .map((b) => `${sight}: ${a} and ${b}`),
    ),
  )
}

function faint(
  colours: Colours,
  names: readonly string[],
  least: number,
  grounds = ['ground', 'panel'],
): string[] {
  return names.flatMap((name) =>
    grounds
      .filter((ground) => contrast(colours[name] ?? '', colours[ground] ?? '') < least)
      .map((ground) => `${name} on ${ground}`),
  )
}

describe.each(themes)('the %s colours', (_name, colours) => {
  it('let text be read', () => {
    expect(faint(colours, ['text'], 14)).toEqual([])
    expect(faint(colours, ['muted', ...states], 5.9)).toEqual([])
    expect(faint(colours, ['line'], 3)).toEqual([])
  })

  it('draw series that are seen, and told apart by every kind of sight', () => {
    expect(faint(colours, series, 3.3)).toEqual([])
    expect(near(colours, series, 0.13)).toEqual([])
  })
})

describe('the check of colours', () => {
  it('finds a text that is too faint and two series that a kind of sight confuses', () => {
    expect(faint({ ...light, muted: '#9aa3ae' }, ['muted'], 5.9)).toEqual([
      'muted on ground',
      'muted on panel',
    ])
    expect(near({ a: '#c04040', b: '#6f6f20' }, ['a', 'b'], 0.13)).not.toEqual([])
  })

  it('reads both colours of each token', () => {
    expect(pairs.length).toBeGreaterThan(14)
    expect(light['text']).not.toBe(dark['text'])
  })
})
