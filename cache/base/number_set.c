#include "cache/base/number_set.h"

#include <string.h>

#include "cache/base/sorted.h"

#define BLOCK_MAX 512u
#define BLOCK_MIN 4u
#define BLOCKS_MIN 4u

struct NumberBlock {
	guint n, room;
	guint32 node_ids[];
};

void number_set_clear(NumberSet *self)
{
	for (guint i = 0; i < self->n_blocks; i++)
		g_free(self->blocks[i]);
	g_free(self->blocks);
	*self = (NumberSet){NULL};
}

/* The block where the number is or would be: the last that begins at or below
 * it, or else the first. */
static guint block_of(const NumberSet *self, guint32 number)
{
	guint low = 0, high = self->n_blocks;

	/* Numbers mostly come in order. */
	if (self->blocks[high - 1]->node_ids[0] <= number)
		return high - 1;
	while (high - low > 1) {
		guint middle = low + (high - low) / 2;

		if (self->blocks[middle]->node_ids[0] <= number)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* The first place in the block that is not below the number. */
static guint place_of(const NumberBlock *block, guint32 number)
{
	return sorted_find(block->node_ids, sizeof(guint32), block->n, number);
}

static NumberBlock *block_grown(NumberBlock *block, guint room)
{
	NumberBlock *grown =
		g_realloc(block, sizeof(NumberBlock) + room * sizeof(guint32));

	if (block == NULL)
		grown->n = 0;
	grown->room = room;
	return grown;
}

/* A block more, behind that many. */
static NumberBlock *insert_block(NumberSet *self, guint at, guint room)
{
	if (self->n_blocks == self->room) {
		self->room = MAX(2 * self->room, BLOCKS_MIN);
		self->blocks = g_renew(NumberBlock *, self->blocks, self->room);
	}
	memmove(self->blocks + at + 1, self->blocks + at,
		(self->n_blocks - at) * sizeof(*self->blocks));
	self->n_blocks++;
	self->blocks[at] = block_grown(NULL, room);
	return self->blocks[at];
}

/* Numbers mostly come in order: a full last block is left as it is. */
static void split(NumberSet *self, guint at, guint32 number)
{
	NumberBlock *full = self->blocks[at];
	guint kept = full->n / 2;
	NumberBlock *next;

	if (at + 1 == self->n_blocks && number > full->node_ids[full->n - 1])
		kept = full->n;
	next = insert_block(self, at + 1, BLOCK_MAX);
	next->n = full->n - kept;
	memcpy(next->node_ids, full->node_ids + kept,
		next->n * sizeof(guint32));
	full->n = kept;
	if (next->n == 0)
		next->node_ids[0] = number;
}

gboolean number_set_add(NumberSet *self, guint32 number)
{
	NumberBlock *block;
	guint at, place;

	if (self->n_blocks == 0)
		insert_block(self, 0, BLOCK_MIN);
	at = block_of(self, number);
	block = self->blocks[at];
	place = place_of(block, number);
	if (place < block->n && block->node_ids[place] == number)
		return FALSE;
	if (block->n == BLOCK_MAX) {
		split(self, at, number);
		at = block_of(self, number);
		place = place_of(self->blocks[at], number);
	} else if (block->n == block->room) {
		self->blocks[at] =
			block_grown(block, MIN(2 * block->room, BLOCK_MAX));
	}
	block = self->blocks[at];
	memmove(block->node_ids + place + 1, block->node_ids + place,
		(block->n - place) * sizeof(guint32));
	block->node_ids[place] = number;
	block->n++;
	self->size++;
	return TRUE;
}

gboolean number_set_remove(NumberSet *self, guint32 number)
{
	NumberBlock *block;
	guint at, place;

	if (self->n_blocks == 0)
		return FALSE;
	at = block_of(self, number);
	block = self->blocks[at];
	place = place_of(block, number);
	if (place == block->n || block->node_ids[place] != number)
		return FALSE;
	self->size--;
	if (self->size == 0) {
		number_set_clear(self);
		return TRUE;
	}
	block->n--;
	memmove(block->node_ids + place, block->node_ids + place + 1,
		(block->n - place) * sizeof(guint32));
	if (block->n > 0)
		return TRUE;
	g_free(block);
	self->n_blocks--;
	memmove(self->blocks + at, self->blocks + at + 1,
		(self->n_blocks - at) * sizeof(*self->blocks));
	return TRUE;
}

guint32 number_set_next(const NumberSet *self, guint32 after)
{
	guint at, place;

	if (self->n_blocks == 0 || after == G_MAXUINT32)
		return 0;
	at = block_of(self, after);
	place = place_of(self->blocks[at], after + 1);
	if (place < self->blocks[at]->n)
		return self->blocks[at]->node_ids[place];
	return at + 1 < self->n_blocks ? self->blocks[at + 1]->node_ids[0] : 0;
}
