/**
 * Loaded first: regular expressions as in a process that has compiled many of them. V8 no longer optimizes them there, and
 * one that repeats keeps a place on a stack of 64 MB for each character that it goes over.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--no-regexp-optimization');
