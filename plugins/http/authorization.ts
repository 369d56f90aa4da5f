import type { onRequestHookHandler } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { ForbiddenError } from '../../schemas/errors.js'
import { areAllRoles, roleRefusal } from '../../schemas/role-sentences.js'
import { type Role, hasRole } from '../../schemas/token-claims.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The roles that may use the route, which then needs a token. A route without them decides for itself who may use it. */
    roles?: readonly Role[]
    /** What those roles may do, if not every role may: as in "Only an admin may start a reconcile." */
    action?: string
  }
}

/**
 * Admits callers to the routes that declare `roles`: 401 without a valid token, 403 with one that has none of them. Both come
 * before the route's own hooks, so that limits count only those who may use it, and before the body is read.
 */
export default fastifyPlugin(async (app) => {
  app.addHook('onRoute', (route) => {
    const { roles, action } = route.config ?? {}
    if (roles === undefined) return
    const ownHooks = route.onRequest === undefined ? [] : [route.onRequest].flat()
    route.onRequest = [app.authenticate, ...areAllRoles(roles) ? [] : [requireRole(roles, action)], ...ownHooks]
  })
}, { name: 'authorization', dependencies: ['jwt'] })

function requireRole (roles: readonly Role[], action: string | undefined): onRequestHookHandler {
  const refusal = roleRefusal(roles, action)
  return ({ user }, _reply, done) => { done(hasRole(user, roles) ? undefined : new ForbiddenError(refusal)) }
}
