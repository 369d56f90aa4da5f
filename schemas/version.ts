/** The version of the package, the API document and CHANGELOG.md; a test checks that they agree. */
export const VERSION = '0.2.0'
