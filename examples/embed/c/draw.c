/* Draw pictures of a model exported by `gan export`: ./draw generator.onnx FOLDER LABEL SEED...
 * Writes FOLDER/SEED.pgm (grey) or .ppm (colour).
 *
 * Needs libonnxruntime.so and no header of it: OrtApi is a table of functions to which new versions only
 * append, so the places below hold for all of them. A program with onnxruntime_c_api.h at hand should use that. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { const void *(*get_api)(uint32_t version); const char *(*version)(void); } OrtApiBase;
extern const OrtApiBase *OrtGetApiBase(void);

enum { API_VERSION = 17, /* the oldest that reads operator set 20 */ LOG_ERRORS = 3, FLOAT = 1, UINT8 = 2, INT64 = 7 };
enum { /* places in OrtApi */
    GET_ERROR_MESSAGE = 2, CREATE_ENV = 3, CREATE_SESSION = 7, RUN = 9, CREATE_OPTIONS = 10, SET_THREADS = 24,
    INPUT_COUNT = 30, TENSOR_WITH_DATA = 49, TENSOR_DATA = 51, ELEMENT_TYPE = 60, DIMENSION_COUNT = 61,
    DIMENSIONS = 62, TENSOR_INFO = 65, CPU_MEMORY = 69, ALLOCATOR = 78, RELEASE_ENV = 92, RELEASE_MEMORY = 94,
    RELEASE_SESSION = 95, RELEASE_VALUE = 96, RELEASE_INFO = 99, RELEASE_OPTIONS = 100, METADATA = 111,
    LOOK_UP = 116, RELEASE_METADATA = 118
};

typedef void *Any; /* every object of the runtime is an opaque pointer */
static void *const *api;
#define CALL(place, ...) ((Any (*)(__VA_ARGS__))api[place])
#define RELEASE(place, object) ((void (*)(Any))api[place])(object)

static void fail(const char *what) {
    fprintf(stderr, "draw: %s\n", what);
    exit(1);
}

static void check(Any status) {
    if (status) fail(((const char *(*)(Any))api[GET_ERROR_MESSAGE])(status));
}

static Any open_model(Any env, const char *file) {
    Any options, session;
    check(CALL(CREATE_OPTIONS, Any *)(&options));
    check(CALL(SET_THREADS, Any, int)(options, 1));
    check(CALL(CREATE_SESSION, Any, const char *, Any, Any *)(env, file, options, &session));
    RELEASE(RELEASE_OPTIONS, options);
    return session;
}

static void print_licence(Any session) {
    Any metadata, allocator;
    char *licence = NULL; /* a few bytes of the default allocator, kept until the program ends */
    check(CALL(ALLOCATOR, Any *)(&allocator));
    check(CALL(METADATA, Any, Any *)(session, &metadata));
    check(CALL(LOOK_UP, Any, Any, const char *, char **)(metadata, allocator, "license", &licence));
    printf("licence of the model: %s\n", licence ? licence : "none stated");
    RELEASE(RELEASE_METADATA, metadata);
}

static Any tensor(Any memory, void *data, size_t bytes, const int64_t *shape, size_t rank, int type) {
    Any value;
    check(CALL(TENSOR_WITH_DATA, Any, void *, size_t, const int64_t *, size_t, int, Any *)
        (memory, data, bytes, shape, rank, type, &value));
    return value;
}

/* Feeds one seed; `count` is 2 for a model without classes (seed, truncation), else 3 (seed, label, truncation). */
static Any run(Any session, Any memory, size_t count, int64_t seed, int64_t label) {
    const int64_t one[] = {1};
    float truncation = 1;
    Any values[] = {
        tensor(memory, &seed, sizeof seed, one, 1, INT64),
        tensor(memory, &truncation, sizeof truncation, NULL, 0, FLOAT),
        tensor(memory, &label, sizeof label, one, 1, INT64),
    };
    const char *inputs[] = {"seed", "truncation", "label"}, *outputs[] = {"image"};
    Any image = NULL;
    check(CALL(RUN, Any, Any, const char *const *, const Any *, size_t, const char *const *, size_t, Any *)
        (session, NULL, inputs, values, count, outputs, 1, &image));
    for (int i = 0; i < 3; i++) RELEASE(RELEASE_VALUE, values[i]);
    return image;
}

static void write_picture(Any image, const char *folder, int64_t seed) {
    Any info;
    int type;
    size_t rank;
    int64_t shape[4]; /* 1, height, width, channels */
    uint8_t *pixels;
    check(CALL(TENSOR_INFO, Any, Any *)(image, &info));
    check(CALL(ELEMENT_TYPE, Any, int *)(info, &type));
    check(CALL(DIMENSION_COUNT, Any, size_t *)(info, &rank));
    if (type != UINT8 || rank != 4) fail("the pictures of this model are not 8-bit; PGM and PPM hold 8-bit ones");
    check(CALL(DIMENSIONS, Any, int64_t *, size_t)(info, shape, rank));
    RELEASE(RELEASE_INFO, info);
    if (shape[3] != 1 && shape[3] != 3) fail("the pictures have neither 1 nor 3 channels");
    check(CALL(TENSOR_DATA, Any, void **)(image, (void **)&pixels));

    char name[4096];
    int colour = shape[3] == 3;
    snprintf(name, sizeof name, "%s/%" PRId64 ".%s", folder, seed, colour ? "ppm" : "pgm");
    FILE *file = fopen(name, "wb");
    if (!file) fail("the folder is not there or cannot be written");
    fprintf(file, "%s\n# synthetic\n%" PRId64 " %" PRId64 "\n255\n", colour ? "P6" : "P5", shape[2], shape[1]);
    size_t size = (size_t)(shape[1] * shape[2] * shape[3]);
    if (fwrite(pixels, 1, size, file) != size || fclose(file)) fail("the picture could not be written");
}

static int64_t number(const char *word) {
    char *end;
    long long value = strtoll(word, &end, 10);
    if (end == word || *end || value < 0) fail("labels and seeds are whole numbers from 0: draw MODEL FOLDER LABEL SEED...");
    return value;
}

int main(int count, char **words) {
    if (count < 5) fail("usage: draw MODEL FOLDER LABEL SEED...");
    api = OrtGetApiBase()->get_api(API_VERSION);
    if (!api) fail("this onnxruntime is too old");
    Any env, memory;
    size_t inputs;
    check(CALL(CREATE_ENV, int, const char *, Any *)(LOG_ERRORS, "draw", &env));
    Any session = open_model(env, words[1]);
    print_licence(session);
    check(CALL(INPUT_COUNT, Any, size_t *)(session, &inputs));
    check(CALL(CPU_MEMORY, int, int, Any *)(1, 0, &memory));
    for (int i = 4; i < count; i++) {
        int64_t seed = number(words[i]);
        Any image = run(session, memory, inputs, seed, number(words[3]));
        write_picture(image, words[2], seed);
        RELEASE(RELEASE_VALUE, image);
    }
    RELEASE(RELEASE_MEMORY, memory);
    RELEASE(RELEASE_SESSION, session);
    RELEASE(RELEASE_ENV, env);
    return 0;
}
