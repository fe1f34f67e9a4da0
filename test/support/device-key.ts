/** Signs the tokens of devices for the Workers that tests start. */
export const deviceKey = 'a key for devices that only the tests of this repository use'
