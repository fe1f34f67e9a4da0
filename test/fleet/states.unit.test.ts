import { describe, expect, it } from 'vitest'
import { ackStates, commandStates, finalStates, waitingStates } from '../../schema/fleet/states.ts'

describe('the states of a command', () => {
  it('are those that wait, the acknowledged one, and those that are final', () => {
    expect(commandStates).toEqual([...waitingStates, 'ACK', ...finalStates])
  })

  it('that a node reports are acknowledged or final', () => {
    expect(ackStates.filter((state) => state !== 'ACK' && !finalStates.some((one) => one === state))).toEqual(
      [],
    )
  })
})
