// A mountain lake in the evening: a jetty with a boat, grass and flowers before it, trees on the left bank.
// Units: metres. x to the right, y up, z away from the camera; the water is y = 0.
#version 3.7;
#include "passes.inc"

global_settings { assumed_gamma 1.0 max_trace_level 7 ambient_light 0 noise_generator 2 }

#declare Eye = <0.3, 2.35, -4.2>;
#declare Target = <0.0, 2.85, 12>;
camera { location Eye look_at Target right x * 16 / 9 up y angle 56 }

#declare R = seed(2024);
#declare Sun_way = vnormalize(<0.95, 0.36, -0.05>);
#declare Sx = Sun_way.x; #declare Sy = Sun_way.y; #declare Sz = Sun_way.z;
#declare Air = <0.62, 0.66, 0.74>;

#if (PASS = 0)
  sky_sphere {
    pigment { gradient y color_map {
      [0.00 rgb <1.00, 0.78, 0.55>] [0.06 rgb <0.93, 0.76, 0.62>] [0.16 rgb <0.58, 0.66, 0.76>]
      [0.40 rgb <0.24, 0.42, 0.68>] [1.00 rgb <0.08, 0.20, 0.46>] } }
    pigment { function { pow(max(0, x * Sx + y * Sy + z * Sz), 6) }
      color_map { [0 rgbt <1, 0.75, 0.45, 1>] [1 rgbt <1.2, 0.92, 0.60, 0.25>] } }
    // heaps of cloud: lit side, then the same shifted towards the sun for their shaded bellies
    pigment { bozo warp { turbulence 0.75 octaves 9 lambda 2.1 omega 0.52 } scale <0.36, 0.13, 0.36> translate <0.11, 0.02, 0>
      color_map { [0.50 rgbt <1, 1, 1, 1>] [0.58 rgbt <1.05, 0.90, 0.74, 0.45>] [0.72 rgbt <1.12, 0.98, 0.84, 0.05>] [1 rgbt <1.0, 0.90, 0.82, 0>] } }
    pigment { bozo warp { turbulence 0.75 octaves 9 lambda 2.1 omega 0.52 } scale <0.36, 0.13, 0.36> translate <0.098, -0.004, 0>
      color_map { [0.58 rgbt <0.5, 0.5, 0.6, 1>] [0.78 rgbt <0.46, 0.48, 0.58, 0.45>] [1 rgbt <0.40, 0.43, 0.54, 0.25>] } }
  }
  light_source { Sun_way * 20000 rgb <1.0, 0.78, 0.53> * 2.7 }
  light_source { <-6000, 14000, -9000> rgb <0.42, 0.55, 0.80> * 0.62 shadowless }
  light_source { <0, 9000, 12000> rgb <0.55, 0.62, 0.75> * 0.35 shadowless }
#end

// ---- the land as functions of (x, z) --------------------------------------------------------------------------------
#declare Ridged = function { internal(59) }   // POV-Ray's ridged multifractal
#declare Bumpy = function { pattern { granite } }
#declare Smooth = function { pattern { bozo } }
#macro Step(Low, High, V) #local S_ = min(1, max(0, (V - Low) / (High - Low))); (S_ * S_ * (3 - 2 * S_)) #end

#macro Bank(X, Z)   // grass slope to the water in front, rising to the left
  (0.95 - 0.27 * (Z + 0.6 + 0.9 * sin(X * 0.45 + 1) + 0.10 * X) * Step(-3, 0.5, Z + 0.5)
   + 0.16 * max(0, -X - 3.2) * Step(-4, 9, 14 - Z) + 0.10 * Smooth(X * 0.9, 0, Z * 0.9) + 0.05 * Smooth(X * 4, 3, Z * 4))
#end
#macro Left_headland(X, Z)
  (-1.5 + 9.5 * Step(-14, -60, X + 6 * sin(Z * 0.06)) * Step(26, 60, Z) * Step(190, 120, Z) + 0.8 * Smooth(X * 0.15, 0, Z * 0.15))
#end
#macro Mountain(X, Z)
  #local Rise = Step(560, 2900, Z);
  #local Valley = 1 - 0.62 * exp(-pow((X - 330 + 0.05 * Z) / 420, 2));
  #local Ridge = Ridged(X / 1050 + 3.7, 0.3, Z / 1050 + 1.2, 0.95, 2.15, 8, 0.92, 2.1, 2);
  (-4 + 30 * Step(470, 640, Z) + Rise * Valley * (95 + 385 * Ridge) + 18 * Step(480, 700, Z) * Bumpy(X / 260, 0.5, Z / 260))
#end

// A mesh over a rectangle, corner heights from Height(X, Z), smooth shading.
#macro Land(Kind, X0, X1, Nx, Z0, Z1, Nz)
  #local Dx = (X1 - X0) / Nx;
  #local Dz = (Z1 - Z0) / Nz;
  #local P = array[Nx + 3][Nz + 3]
  #local J = 0;
  #while (J < Nz + 3)
    #local I = 0;
    #while (I < Nx + 3)
      #local X = X0 + (I - 1) * Dx;  #local Z = Z0 + (J - 1) * Dz;
      #switch (Kind)
        #case (0) #local H = Bank(X, Z); #break
        #case (1) #local H = Left_headland(X, Z); #break
        #case (2) #local H = Mountain(X, Z); #break
      #end
      #local P[I][J] = H;
      #local I = I + 1;
    #end
    #local J = J + 1;
  #end
  #macro At(I, J) <X0 + (I - 1) * Dx, P[I][J], Z0 + (J - 1) * Dz> #end
  #macro Normal_at(I, J) <(P[I - 1][J] - P[I + 1][J]) / (2 * Dx), 1, (P[I][J - 1] - P[I][J + 1]) / (2 * Dz)> #end
  mesh {
    #local J = 1;
    #while (J <= Nz)
      #local I = 1;
      #while (I <= Nx)
        smooth_triangle { At(I, J), Normal_at(I, J), At(I + 1, J), Normal_at(I + 1, J), At(I, J + 1), Normal_at(I, J + 1) }
        smooth_triangle { At(I + 1, J + 1), Normal_at(I + 1, J + 1), At(I + 1, J), Normal_at(I + 1, J), At(I, J + 1), Normal_at(I, J + 1) }
        #local I = I + 1;
      #end
      #local J = J + 1;
    #end
    #if (PASS = 0)
      #switch (Kind)
        #case (0) texture { Soil } #break
        #case (1) texture { Meadow } #break
        #case (2) texture { Rock_and_snow } #break
      #end
    #end
  }
#end

// ---- materials ----------------------------------------------------------------------------------------------------
#declare Soil = texture { pigment { granite scale 0.5 color_map { [0 rgb <0.035, 0.045, 0.012>] [1 rgb <0.075, 0.085, 0.022>] } } normal { granite 0.5 scale 0.2 } finish { ambient 0 diffuse 0.7 } }
#declare Meadow = texture { pigment { granite scale 6 color_map { [0 rgb <0.04, 0.065, 0.018>] [1 rgb <0.10, 0.125, 0.03>] } } normal { granite 0.6 scale 2 } finish { ambient 0 diffuse 0.7 } }
#declare Rock = texture { pigment { granite scale <180, 60, 180> color_map { [0 rgb <0.12, 0.12, 0.13>] [0.5 rgb <0.25, 0.23, 0.22>] [1 rgb <0.36, 0.33, 0.30>] } } normal { granite 0.55 scale 60 } finish { ambient 0 diffuse 0.75 } }
#declare Wood_floor = texture { pigment { granite scale 40 color_map { [0 rgb <0.020, 0.034, 0.016>] [1 rgb <0.055, 0.070, 0.026>] } } normal { bumps 1.1 scale 9 } finish { ambient 0 diffuse 0.8 } }
#declare Alp = texture { pigment { granite scale 70 color_map { [0 rgb <0.085, 0.10, 0.035>] [1 rgb <0.17, 0.165, 0.075>] } } normal { granite 0.4 scale 25 } finish { ambient 0 diffuse 0.75 } }
#declare Snow = texture { pigment { rgb <0.72, 0.76, 0.84> } normal { granite 0.15 scale 40 } finish { ambient 0 diffuse 0.85 } }
#declare Low_slopes = texture { slope { y } texture_map { [0.5 Rock] [0.72 Wood_floor] [1 Wood_floor] } }
#declare Mid_slopes = texture { slope { y } texture_map { [0.5 Rock] [0.82 Rock] [0.90 Alp] [1 Alp] } }
#declare High_slopes = texture { slope { y } texture_map { [0.5 Rock] [0.72 Rock] [0.80 Snow] [1 Snow] } }
#declare Rock_and_snow = texture {
  gradient y warp { turbulence <0.0, 0.12, 0.0> octaves 6 omega 0.6 } scale 1000 translate -100 * y
  texture_map { [0.00 Low_slopes] [0.25 Low_slopes] [0.30 Mid_slopes] [0.43 Mid_slopes] [0.50 High_slopes] [1 High_slopes] }
}
#declare Water = texture {
  pigment { rgb <0.006, 0.022, 0.028> }
  normal { average normal_map {
    [1.0 bumps 0.055 scale <0.9, 1, 0.30>]
    [1.0 bumps 0.050 scale <4.5, 1, 1.3> warp { turbulence 0.2 }]
    [1.0 bumps 0.060 scale <30, 1, 9>] } }
  finish { ambient 0 diffuse 0.5 specular 0.9 roughness 0.0015 reflection { 0.02, 0.98 fresnel on } conserve_energy }
}
#declare Old_wood = texture {
  pigment { wood turbulence 0.06 octaves 3 scale <0.05, 0.05, 1> rotate x * 2
    color_map { [0 rgb <0.20, 0.165, 0.13>] [0.6 rgb <0.30, 0.255, 0.20>] [1 rgb <0.15, 0.12, 0.10>] } }
  normal { wood 0.3 turbulence 0.06 scale <0.05, 0.05, 1> rotate x * 2 }
  finish { ambient 0 diffuse 0.75 specular 0.1 roughness 0.05 }
}
#declare Bark = texture { pigment { granite scale <0.1, 0.5, 0.1> color_map { [0 rgb <0.045, 0.034, 0.026>] [1 rgb <0.13, 0.10, 0.08>] } } normal { wrinkles 0.9 scale <0.05, 0.2, 0.05> } finish { ambient 0 diffuse 0.75 } }
#macro Leaf_look(Colour) texture { pigment { rgb Colour } finish { ambient 0 diffuse 0.60, 0.50 specular 0.12 roughness 0.06 } } #end

// ---- plants: one mesh each, repeated ---------------------------------------------------------------------------------
#macro Spread(V) <rand(R) - 0.5, rand(R) - 0.5, rand(R) - 0.5> * V #end
#macro Leaf(Where, Size)
  #local A = vnormalize(Spread(1) + <0.001, 0, 0>) * Size;
  #local B = vnormalize(vcross(A, Spread(1) + <0, 0.001, 0>)) * Size * 0.30;
  triangle { Where, Where + A * 0.55 + B, Where + A }
  triangle { Where, Where + A * 0.55 - B, Where + A }
#end
// A crown of clumps of leaves in an ellipsoid about the origin with radii Radii.
#macro Crown(Clumps, Leaves, Radii, Size, Clump_radius)
  mesh {
    #local C = 0;
    #while (C < Clumps)
      #local D = vnormalize(Spread(2) + <0, 0.15, 0>);
      #local Centre = D * pow(rand(R), 0.45) * Radii;
      #local L = 0;
      #while (L < Leaves)
        Leaf(Centre + vnormalize(Spread(1)) * pow(rand(R), 0.6) * Clump_radius * <1, 0.7, 1>, Size * (0.7 + 0.6 * rand(R)))
        #local L = L + 1;
      #end
      #local C = C + 1;
    #end
  }
#end
#declare Broad_crown = Crown(90, 55, <3.4, 3.6, 3.4>, 0.34, 0.95)
#macro Broad_tree(Tone)
  union {
    object { Broad_crown translate y * 6.2 #if (PASS = 0) Leaf_look(Tone) #end }
    cone { <0, -1, 0>, 0.30, <0.1, 5, 0>, 0.14 Look(Bark) }
  }
#end
#declare Fir = mesh {
  #declare T = 0;
  #while (T < 15)
    #declare Y0 = 0.06 + 0.90 * T / 15;
    #declare Rad = 0.20 * pow(1 - T / 15, 0.85) + 0.012;
    #declare K = 0;
    #while (K < 15)
      #declare A = 2 * pi * (K + rand(R)) / 15;
      #declare Len = Rad * (0.75 + 0.45 * rand(R));
      #declare Way = <cos(A), 0, sin(A)>;
      #declare Side = <-sin(A), 0, cos(A)>;
      triangle { <0, Y0 + 0.075, 0>, Way * Len + Side * Len * 0.28 + y * (Y0 - 0.035), Way * Len - Side * Len * 0.28 + y * (Y0 - 0.035) }
      #declare K = K + 1;
    #end
    #declare T = T + 1;
  #end
}
#macro Blade(Base, Height, Lean)
  #local A = 2 * pi * rand(R);
  #local W = <cos(A), 0, sin(A)> * (0.0035 + 0.003 * rand(R));
  #local Mid = Base + y * Height * 0.6 + Lean * 0.35;
  #local Tip = Base + y * Height + Lean;
  triangle { Base - W, Base + W, Mid + W * 0.7 } triangle { Base - W, Mid + W * 0.7, Mid - W * 0.7 } triangle { Mid - W * 0.7, Mid + W * 0.7, Tip }
#end
#macro Tuft(Blades, Radius, Height)
  mesh {
    #local I = 0;
    #while (I < Blades)
      #local A = 2 * pi * rand(R);  #local D = Radius * sqrt(rand(R));
      Blade(<D * cos(A), -0.03, D * sin(A)>, Height * (0.45 + 0.75 * rand(R)), <0.5 * rand(R) - 0.16, 0, 0.4 * rand(R) - 0.2> * Height)
      #local I = I + 1;
    #end
  }
#end
#declare Tufts = array[4]
#declare Tufts[0] = Tuft(150, 0.22, 0.34)
#declare Tufts[1] = Tuft(130, 0.20, 0.44)
#declare Tufts[2] = Tuft(150, 0.24, 0.28)
#declare Tufts[3] = Tuft(90, 0.16, 0.58)
#declare Greens = array[4] { <0.15, 0.24, 0.040>, <0.20, 0.27, 0.055>, <0.12, 0.20, 0.035>, <0.30, 0.28, 0.10> }

// ---- the jetty and the boat ---------------------------------------------------------------------------------------------
#declare Deck = 0.62;
#declare Jetty = union {
  #declare Z = 0;
  #while (Z < 11)
    box { <-0.72 - 0.03 * rand(R), -0.022, 0>, <0.72 + 0.03 * rand(R), 0.022, 0.172>
      rotate <0.6 * rand(R) - 0.3, 1.2 * rand(R) - 0.6, 0.8 * rand(R) - 0.4>
      translate <0.02 * rand(R), Deck + 0.008 * rand(R), Z>
      #if (PASS = 0) texture { Old_wood rotate y * 90 translate <7 * rand(R), rand(R), 3 * rand(R)> } #end
      #if (PASS = 2) texture { Flat(1) } #end }
    #declare Z = Z + 0.19;
  #end
  #declare Z = 0.6;
  #while (Z < 11.2)
    cylinder { <-0.74, -2, Z>, <-0.74 + 0.02 * rand(R), Deck + 0.36, Z>, 0.075 Subject_look(Old_wood) }
    cylinder { <0.74, -2, Z>, <0.74 + 0.02 * rand(R), Deck + 0.36, Z>, 0.075 Subject_look(Old_wood) }
    box { <-0.74, Deck - 0.16, Z - 0.05>, <0.74, Deck - 0.025, Z + 0.05> Subject_look(Old_wood) }
    #declare Z = Z + 2.55;
  #end
  box { <-0.62, Deck - 0.14, 0>, <-0.52, Deck - 0.024, 11> Subject_look(Old_wood) }
  box { <0.52, Deck - 0.14, 0>, <0.62, Deck - 0.024, 11> Subject_look(Old_wood) }
}
#declare Hull = intersection {
  sphere { 0, 1 scale <0.78, 0.62, 2.15> translate y * 0.42 }
  sphere { 0, 1 scale <0.95, 1.35, 2.35> translate y * 0.80 }
  plane { y, 0.42 }
}
#declare Boat_paint = texture { pigment { gradient y color_map { [0.30 rgb <0.42, 0.055, 0.035>] [0.30 rgb <0.75, 0.72, 0.66>] [1 rgb <0.75, 0.72, 0.66>] } translate y * 0.0 } finish { ambient 0 diffuse 0.75 specular 0.3 roughness 0.02 reflection 0.03 } }
#declare Boat = union {
  difference {
    object { Hull }
    object { Hull scale <0.92, 0.94, 0.965> translate y * 0.032 }
    Subject_look(Boat_paint)
  }
  intersection { box { <-1, 0.27, -0.16>, <1, 0.30, 0.16> } object { Hull } Subject_look(Old_wood) }
  intersection { box { <-1, 0.27, -1.26>, <1, 0.30, -0.95> } object { Hull } Subject_look(Old_wood) }
  intersection { box { <-1, 0.27, 0.95>, <1, 0.30, 1.3> } object { Hull } Subject_look(Old_wood) }
  union {   // oars, shipped
    cylinder { <-0.35, 0.44, -1.3>, <-0.18, 0.47, 1.2>, 0.022 } cylinder { <0.30, 0.44, -1.2>, <0.22, 0.47, 1.35>, 0.022 }
    Subject_look(Old_wood)
  }
}

// ---- the set ------------------------------------------------------------------------------------------------------------
#declare World = union {
  plane { y, 0 Look(Water) interior { ior 1.33 } }
  Land(0, -14, 12, 130, -5, 16, 110)
  Land(1, -90, -8, 60, 24, 190, 70)
  Land(2, -2600, 2600, 330, 440, 3400, 190)

  // The air before the mountains, as sheets: a fog would lie over the sky as well.
  #if (PASS = 0)
    #declare Z = 760;
    #while (Z < 2900)
      box { <-3000, 0, Z>, <3000, 760, Z + 0.1> no_shadow hollow
        pigment { gradient y scale 760 color_map { [0 rgbt <0.62, 0.68, 0.78, 0.90>] [0.3 rgbt <0.60, 0.67, 0.78, 0.945>] [1 rgbt <0.6, 0.66, 0.78, 1>] } }
        finish { ambient 0 diffuse 0 emission 1 } }
      #declare Z = Z + 230;
    #end
  #end

  // far shore
  #declare I = 0;
  #while (I < 1500)
    #declare Z = 480 + 420 * pow(rand(R), 1.3);
    #declare X = (rand(R) - 0.5) * 2 * (Z * 0.62 + 40);
    #declare S = 15 + 14 * rand(R);
    object { Fir scale <S * (0.8 + 0.4 * rand(R)), S, S> rotate y * 360 * rand(R) translate <X, Mountain(X, Z) - 1, Z>
      #if (PASS = 0) #declare K = rand(R); Leaf_look(<0.035 + 0.035 * K, 0.062 + 0.045 * K, 0.026>) #end }
    #declare I = I + 1;
  #end
  // the headland on the left
  #declare I = 0;
  #while (I < 130)
    #declare Z = 44 + 110 * rand(R);
    #declare X = -22 - 60 * rand(R);
    #declare H = Left_headland(X, Z);
    #if (H > 0.4)
      #if (rand(R) < 0.55)
        #declare S = 9 + 9 * rand(R);
        object { Fir scale <S * 1.05, S, S * 1.05> rotate y * 360 * rand(R) translate <X, H - 0.4, Z>
          #if (PASS = 0) #declare K = rand(R); Leaf_look(<0.05 + 0.05 * K, 0.085 + 0.06 * K, 0.030>) #end }
      #else
        #declare K = rand(R);
        object { Broad_tree(<0.15 + 0.22 * K, 0.20 + 0.05 * K, 0.035>) scale 0.7 + 0.6 * rand(R) rotate y * 360 * rand(R) translate <X, H - 0.3, Z> }
      #end
    #end
    #declare I = I + 1;
  #end

  // a birch in front on the left, its twigs into the picture
  #declare Birch_bark = texture { pigment { gradient y turbulence 0.5 scale <0.3, 0.28, 0.3> color_map { [0.0 rgb 0.10] [0.14 rgb 0.16] [0.2 rgb <0.62, 0.60, 0.56>] [1 rgb <0.72, 0.70, 0.66>] } } normal { wrinkles 0.4 scale <0.1, 0.03, 0.1> } finish { ambient 0 diffuse 0.75 } }
  union {
    sphere_sweep { cubic_spline 7 <0, -1, 0>, 0.21 <0, -0.2, 0>, 0.20 <0.10, 1.6, 0>, 0.165 <0.05, 3.6, 0.1>, 0.13 <0.3, 5.6, 0>, 0.09 <0.4, 7.4, 0>, 0.05 <0.4, 8, 0>, 0.03 Look(Birch_bark) }
    #declare I = 0;
    #while (I < 26)
      #declare Y0 = 2.5 + 4.6 * I / 26;
      #declare A = 2.4 * I + 0.6 * rand(R);
      #declare Len = 1.5 + 1.3 * rand(R);
      #declare Way = <cos(A), 0, sin(A)>;
      #declare P0 = <0.1, Y0, 0>;
      #declare P1 = P0 + Way * Len * 0.5 + y * 0.45;
      #declare P2 = P0 + Way * Len + y * (0.25 - 0.5 * rand(R));
      sphere_sweep { cubic_spline 5 P0 - Way * 0.2, 0.04 P0, 0.038 P1, 0.024 P2, 0.010 P2 + Way * 0.2 - y * 0.2, 0.006 Look(Bark) }
      #declare K = rand(R);
      object { Crown(16, 26, <0.75, 0.42, 0.75>, 0.085, 0.30) translate P2 - Way * 0.25 - y * 0.08
        #if (PASS = 0) Leaf_look(<0.17 + 0.16 * K, 0.25 + 0.06 * K, 0.035>) #end }
      object { Crown(9, 24, <0.55, 0.3, 0.55>, 0.085, 0.28) translate P1
        #if (PASS = 0) Leaf_look(<0.15 + 0.10 * K, 0.24, 0.035>) #end }
      #declare I = I + 1;
    #end
    translate <-4.1, Bank(-4.1, 2.6) - 0.1, 2.6>
  }

  // grass and flowers
  #declare I = 0;
  #while (I < 5200)
    #declare Z = -2.9 + 7.5 * pow(rand(R), 1.25);
    #declare X = (rand(R) - 0.5) * (7 + 2.6 * (Z + 4));
    #declare H = Bank(X, Z);
    #if (H > 0.04 & (abs(X - 1.35) > 0.8 | Z < 0.1))
      #declare K = floor(3.999 * pow(rand(R), 1.4));
      #declare S = 0.65 + 0.6 * rand(R);
      object { Tufts[K] scale S rotate y * 70 * (rand(R) - 0.5) translate <X, H, Z>
        #if (PASS = 0) Leaf_look(Greens[K] * (0.7 + 0.6 * rand(R))) #end }
      #if (rand(R) < 0.07)
        #declare Tip = <X, H + S * (0.30 + 0.2 * rand(R)), Z>;
        cone { <X, H, Z>, 0.003, Tip, 0.002 #if (PASS = 0) Leaf_look(<0.15, 0.2, 0.04>) #end }
        #declare Hue = rand(R);
        union {
          #declare A = 0;
          #while (A < 360)
            sphere { 0, 1 scale <0.012, 0.003, 0.006> translate x * 0.013 rotate z * 18 rotate y * A }
            #declare A = A + 45;
          #end
          rotate <-50 + 50 * rand(R), 360 * rand(R), 0> scale 1.15 translate Tip
          #if (PASS = 0)
            #if (Hue < 0.5) pigment { rgb <0.85, 0.82, 0.75> } #else #if (Hue < 0.8) pigment { rgb <0.90, 0.55, 0.05> } #else pigment { rgb <0.45, 0.22, 0.62> } #end #end
            finish { ambient 0 diffuse 0.7, 0.4 }
          #end }
        sphere { Tip, 0.007 #if (PASS = 0) pigment { rgb <0.75, 0.45, 0.03> } finish { ambient 0 diffuse 0.8 } #end }
      #end
    #end
    #declare I = I + 1;
  #end

  object { Jetty translate <1.35, 0, 0.3> }
  object { Boat rotate y * -14 rotate z * 2 translate <3.05, -0.10, 8.3> }

  World_look(Eye, Target, 1.5)
}
object { World }
