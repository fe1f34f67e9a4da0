import { describe, expect, it } from 'vitest'
import { readAgent } from '../../../functions/clicks/clicks/agent.ts'
import { botIn } from '../../../functions/clicks/clicks/bot.ts'
import { localTime } from '../../../functions/clicks/clicks/local-time.ts'
import { prefixOf } from '../../../functions/clicks/clicks/prefix-of.ts'

const webkit = 'AppleWebKit/605.1.15 (KHTML, like Gecko)'
const iphone = `Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) ${webkit} Mobile/15E148`

describe('an agent', () => {
  it.each([
    [
      'iMessage',
      `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0`,
    ],
    ['WhatsApp', 'WhatsApp/2.23.20.0 A'],
    ['Slack', 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)'],
    ['Slack, for pictures', 'Slack-ImgProxy (+https://api.slack.com/robots)'],
  ])('that previews a link for %s is a bot', (_, agent) => {
    expect(botIn(agent)).not.toBeNull()
  })

  it.each(['', '  '])('%j, which names no browser, is a bot', (agent) => {
    expect(botIn(agent)).toBe('(no agent)')
  })

  it.each([
    ['Facebook', `${iphone} [FBAN/FB4A;FBAV/438.0.0.36.112;FBBV/539275218]`],
    [
      'Instagram on jackpot2lte',
      'Mozilla/5.0 (Linux; Android 10; SM-A600FN Build/QP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/91.0 Mobile Safari/537.36 Instagram 192.0.0.35.123 Android (29/10; 280dpi; 720x1402; samsung; SM-A600FN; jackpot2lte; samsungexynos7870; de_DE; 302733750)',
    ],
    ['NAVER', `${iphone} NAVER(inapp; search; 1000; 11.19.4; 14PRO)`],
  ])('of %s is a person', (_, agent) => {
    expect(botIn(agent)).toBeNull()
  })

  it('names a device, a system and a browser, or none', () => {
    expect(readAgent(`${iphone} Version/17.5 Safari/604.1`)).toEqual({
      device: 'mobile',
      os: 'iOS',
      browser: 'Safari',
    })
    expect(readAgent('')).toEqual({ device: null, os: null, browser: null })
    expect(readAgent('x')).toEqual({ device: null, os: null, browser: null })
  })
})

describe('the network of an address', () => {
  it.each([
    ['203.0.113.77', '203.0.113.0/24'],
    ['::ffff:203.0.113.77', '203.0.113.0/24'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
    ['2001:db8::1', '2001:db8:0::/48'],
    ['::1', '0:0:0::/48'],
    ['fe80::1%eth0', null],
    ['300.1.1.1', null],
    ['', null],
    ['unknown', null],
  ])('%s is %s', (address, prefix) => {
    expect(prefixOf(address)).toBe(prefix)
  })
})

describe('the local time', () => {
  it.each([
    ['Asia/Tehran', '2026-01-01T20:40:00Z', '2026-01-02', 0],
    ['Europe/Berlin', '2026-03-29T00:30:00Z', '2026-03-29', 1],
    ['Europe/Berlin', '2026-03-29T01:30:00Z', '2026-03-29', 3],
    ['UTC', '2026-03-29T23:59:59Z', '2026-03-29', 23],
  ])('in %s at %s', (zone, moment, day, hour) => {
    expect(localTime(zone, new Date(moment))).toEqual({ day, hour })
  })
})
