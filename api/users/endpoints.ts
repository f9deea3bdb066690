/** `/v2/user`: the patients of a team. */
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import type { UserDocument } from '../../store/collections/access.ts';
import { isDuplicateKey } from '../../store/duplicate-key.ts';
import type { Store } from '../../store/open.ts';
import type { Remembered } from '../../store/remembered.ts';
import { defineEndpoint, nothing } from '../http/endpoint.ts';
import { ApiError } from '../http/errors.ts';
import {
  clientFacingUser,
  clientUserPath,
  ingestionIsInOrder,
  paginatedUsers,
  type UserInfoBody,
  userCreateBody,
  userInfo,
  userInfoBody,
  userListQuery,
  userPatchBody,
  userPath,
} from './schemas.ts';

function clientFacing(user: UserDocument): z.infer<typeof clientFacingUser> {
  const told = { source_slug: 'manual', updated_at: user.updated_at.toISOString() };
  return {
    user_id: user._id,
    team_id: user.team_id,
    client_user_id: user.client_user_id,
    created_on: user.created_at.toISOString(),
    connected_sources: [],
    fallback_time_zone: user.fallback_time_zone === null ? null : { id: user.fallback_time_zone, ...told },
    fallback_birth_date: user.fallback_birth_date === null ? null : { value: user.fallback_birth_date, ...told },
    ingestion_start: user.ingestion_start,
    ingestion_end: user.ingestion_end,
  };
}

/**
 * The team's user with this id.
 * @throws ApiError `not_found`, for another team's user too
 */
async function findUser(store: Store, teamId: string, userId: string): Promise<UserDocument> {
  const user = await store.users.findOne({ _id: userId, team_id: teamId }).lean<UserDocument>();
  if (!user) throw noSuchUser(userId);
  return user;
}

/**
 * The same for an order, of which a caller may place many for one patient: as the user was at most a second ago. What was
 * changed at this API counts at once.
 * @throws ApiError `not_found`, for another team's user too
 */
export async function userOrderedFor(
  users: Remembered<UserDocument>,
  teamId: string,
  userId: string,
): Promise<UserDocument> {
  const user = await users.get(userId);
  if (user?.team_id !== teamId) throw noSuchUser(userId);
  return user;
}

const noSuchUser = (userId: string) => new ApiError('not_found', `There is no user ${userId}.`);

/** The conflict in the shape that the SDK's `BadRequestError` carries. */
async function clientUserIdTaken(store: Store, teamId: string, clientUserId: string): Promise<ApiError> {
  const holder = await store.users.findOne({ team_id: teamId, client_user_id: clientUserId }).lean<UserDocument>();
  const message = 'Client user id already exists.';
  return new ApiError('client_user_id_taken', message, {
    detail: {
      error_type: 'INVALID_REQUEST',
      error_message: message,
      user_id: holder?._id ?? null,
      created_on: holder?.created_at.toISOString() ?? null,
    },
  });
}

async function orConflict<T>(store: Store, teamId: string, clientUserId: string, write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    throw await clientUserIdTaken(store, teamId, clientUserId);
  }
}

/** Older demographics may hold fractions, which the SDKs do not read. */
const whole = (amount: number | undefined) => (amount === undefined ? null : Math.round(amount));

function clientFacingInfo(info: UserInfoBody): z.infer<typeof userInfo> {
  const address = (given: UserInfoBody['address']) => ({
    ...given,
    second_line: given.second_line ?? null,
    access_notes: given.access_notes ?? null,
  });
  const proxy = info.medical_proxy;
  return {
    first_name: info.first_name,
    last_name: info.last_name,
    email: info.email,
    phone_number: info.phone_number,
    gender: info.gender,
    dob: info.dob,
    address: address(info.address),
    medical_proxy: proxy
      ? {
          first_name: proxy.first_name,
          last_name: proxy.last_name,
          address: address(proxy.address),
          phone_number: proxy.phone_number,
          household_income: whole(proxy.household_income),
          household_size: whole(proxy.household_size),
          email: proxy.email ?? null,
        }
      : null,
    race: info.race ?? null,
    ethnicity: info.ethnicity ?? null,
    sexual_orientation: info.sexual_orientation ?? null,
    gender_identity: info.gender_identity ?? null,
  };
}

/** Endpoints of `/v2/user`. */
export const userEndpoints = [
  defineEndpoint({
    method: 'post',
    path: '/v2/user',
    operationId: 'createUser',
    tag: 'Users',
    summary: 'Create a user',
    request: { body: userCreateBody },
    response: clientFacingUser,
    errors: ['client_user_id_taken'],
    async handler({ deps: { store }, team, body }) {
      const now = new Date();
      const user: UserDocument = {
        _id: randomUUID(),
        team_id: team._id,
        client_user_id: body.client_user_id,
        fallback_time_zone: body.fallback_time_zone ?? null,
        fallback_birth_date: body.fallback_birth_date ?? null,
        ingestion_start: body.ingestion_start ?? null,
        ingestion_end: body.ingestion_end ?? null,
        info: null,
        created_at: now,
        updated_at: now,
      };
      await orConflict(store, team._id, body.client_user_id, store.users.create(user));
      return clientFacing(user);
    },
  }),

  defineEndpoint({
    method: 'get',
    path: '/v2/user',
    operationId: 'listUsers',
    tag: 'Users',
    summary: 'List the users of the team, oldest first',
    request: { query: userListQuery },
    response: paginatedUsers,
    async handler({ deps: { store }, team, query: { offset, limit } }) {
      const [users, total] = await Promise.all([
        store.users
          .find({ team_id: team._id })
          .sort({ created_at: 1, _id: 1 })
          .skip(offset)
          .limit(limit)
          .lean<UserDocument[]>(),
        store.users.countDocuments({ team_id: team._id }),
      ]);
      return { users: users.map(clientFacing), total, offset, limit };
    },
  }),

  defineEndpoint({
    method: 'get',
    path: '/v2/user/resolve/:client_user_id',
    operationId: 'resolveUser',
    tag: 'Users',
    summary: 'Get a user by the team’s own id',
    request: { params: clientUserPath },
    response: clientFacingUser,
    errors: ['not_found'],
    async handler({ deps: { store }, team, params: { client_user_id } }) {
      const user = await store.users.findOne({ team_id: team._id, client_user_id }).lean<UserDocument>();
      if (!user) throw new ApiError('not_found', 'There is no user with this client_user_id.');
      return clientFacing(user);
    },
  }),

  defineEndpoint({
    method: 'get',
    path: '/v2/user/:user_id',
    operationId: 'getUser',
    tag: 'Users',
    summary: 'Get a user',
    request: { params: userPath },
    response: clientFacingUser,
    errors: ['not_found'],
    async handler({ deps: { store }, team, params }) {
      return clientFacing(await findUser(store, team._id, params.user_id));
    },
  }),

  defineEndpoint({
    method: 'patch',
    path: '/v2/user/:user_id',
    operationId: 'patchUser',
    tag: 'Users',
    summary: 'Change some fields of a user',
    request: { params: userPath, body: userPatchBody },
    response: nothing,
    errors: ['not_found', 'client_user_id_taken', 'rule_broken'],
    async handler({ deps: { store, users }, team, params: { user_id }, body }) {
      if (!ingestionIsInOrder({ ...(await findUser(store, team._id, user_id)), ...body })) {
        throw new ApiError('rule_broken', 'ingestion_end must not be before ingestion_start');
      }
      const change = store.users
        .updateOne({ _id: user_id, team_id: team._id }, { $set: { ...body, updated_at: new Date() } })
        .exec();
      const { matchedCount } = await orConflict(store, team._id, body.client_user_id ?? '', change);
      if (matchedCount === 0) throw noSuchUser(user_id);
      users.forget(user_id);
      return undefined;
    },
  }),

  defineEndpoint({
    method: 'patch',
    path: '/v2/user/:user_id/info',
    operationId: 'upsertUserInfo',
    tag: 'Users',
    summary: 'Set the demographics of a user',
    request: { params: userPath, body: userInfoBody },
    response: userInfo,
    errors: ['not_found'],
    async handler({ deps: { store, users }, team, params: { user_id }, body }) {
      const { matchedCount } = await store.users.updateOne(
        { _id: user_id, team_id: team._id },
        { $set: { info: body, updated_at: new Date() } },
      );
      if (matchedCount === 0) throw noSuchUser(user_id);
      users.forget(user_id);
      return clientFacingInfo(body);
    },
  }),

  defineEndpoint({
    method: 'get',
    path: '/v2/user/:user_id/info/latest',
    operationId: 'getLatestUserInfo',
    tag: 'Users',
    summary: 'Get the demographics of a user',
    request: { params: userPath },
    response: userInfo,
    errors: ['not_found'],
    async handler({ deps: { store }, team, params: { user_id } }) {
      const { info } = await findUser(store, team._id, user_id);
      if (!info) throw new ApiError('not_found', `User ${user_id} has no demographics yet.`);
      return clientFacingInfo(info as unknown as UserInfoBody);
    },
  }),
];
