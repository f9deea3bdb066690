/** Names of patients, common ones first, as they are in the United States. */
import type { Chance } from './random.ts';

const listed = (names: string) => names.trim().split(/\s+/);

export const FIRST_NAMES = listed(`
  James Mary Michael Patricia Robert Jennifer John Linda David Elizabeth William Barbara Richard Susan Joseph Jessica
  Thomas Karen Christopher Sarah Charles Lisa Daniel Nancy Matthew Sandra Anthony Ashley Mark Emily Steven Kimberly Donald
  Betty Andrew Margaret Joshua Donna Paul Michelle Kenneth Carol Kevin Amanda Brian Melissa Timothy Deborah Ronald
  Stephanie Jason Rebecca George Sharon Edward Laura Jeffrey Cynthia Ryan Dorothy Jacob Amy Nicholas Kathleen Gary Angela
  Eric Shirley Jonathan Emma Stephen Brenda Larry Pamela Justin Nicole Scott Anna Brandon Samantha Benjamin Katherine
  Samuel Christine Gregory Debra Alexander Rachel Patrick Carolyn Frank Janet Raymond Maria Jack Olivia Dennis Heather
  Jerry Helen Tyler Catherine Aaron Diane Jose Julie Adam Victoria Nathan Joyce Henry Lauren Zachary Kelly Douglas
  Christina Peter Ruth Kyle Joan Noah Virginia Mary-Jane Jean-Luc Ana-Sofia`);

export const LAST_NAMES = listed(`
  Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson Anderson
  Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis Robinson Walker Young
  Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts
  Gomez Phillips Evans Turner Diaz Parker Cruz Edwards Collins Reyes Stewart Morris Morales Murphy Cook Rogers Gutierrez
  Ortiz Morgan Cooper Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson Watson Brooks Chavez Wood James
  Bennett Gray Mendoza Ruiz Hughes Price Alvarez Castillo Sanders Patel Myers Long Ross Foster Jimenez O'Brien O'Hara
  Garcia-Lopez Smith-Jones`);

const BEGINNINGS = listed(
  'Ab Bel Cor Dan Esk Fal Gor Hal Isk Jov Kal Lind Mar Nor Ost Pet Quil Ras Sor Tal Ulv Vas Wes Yar Zel',
);
const MIDDLES = listed('a e i o u an en in on ar er ir or al el il ol ab eb');
const ENDS = listed('berg son sen ski wicz ova stein mann ford ley ton well worth gren lund quist ard ero ini ati ez');

/** A name that few have, out of ten thousand. */
export const rareName = (person: Chance): string => `${person.of(BEGINNINGS)}${person.of(MIDDLES)}${person.of(ENDS)}`;
