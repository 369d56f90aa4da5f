/** Of the package, its API's document and CHANGELOG.md alike; a test holds them together. */
export const VERSION = '0.2.0'
